import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  KNOWN_PASSWORD_BODY as BODY,
  openPlayground,
  signInWithKnownPassword,
} from './testing/sign-in-with-known-password.ts'
import { startWithDatabase } from './testing/start-with-database.ts'

let running: Awaited<ReturnType<typeof startWithDatabase>>

beforeAll(async () => {
  running = await startWithDatabase()
})
afterAll(() => running.remove())

test('on the same machine the known password and the playground work by either host name', async () => {
  for (const name of ['127.0.0.1', 'localhost']) {
    const host = new URL(running.url).host.replace('127.0.0.1', name)
    const answer = await signInWithKnownPassword(running.url, { host, origin: `http://${host}` })
    expect([answer.status, answer.cookie.includes('Secure')]).toEqual([200, false])
    expect(await openPlayground(running.url, { host })).toBe(200)
  }
})

test('an HTTP/1.0 request, as old proxies send it, gets neither the known password nor the playground', async () => {
  const socket = connect(Number(new URL(running.url).port), '127.0.0.1')
  socket.write(
    [
      'POST /api/v1/auth/token HTTP/1.0',
      'Host: 127.0.0.1',
      'Content-Type: application/json',
      'X-Auto-Refresh: 1',
      `Content-Length: ${BODY.length}`,
      '',
      BODY,
    ].join('\r\n'),
  )
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 401 /)
  const page = connect(Number(new URL(running.url).port), '127.0.0.1')
  page.write('GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n')
  expect(await text(page)).toMatch(/^HTTP\/1\.1 404 /)
})
