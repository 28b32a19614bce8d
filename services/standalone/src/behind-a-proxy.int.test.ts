import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createTestDatabase } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startMain, type Running } from './testing/run-entry.ts'
import {
  KNOWN_PASSWORD_BODY as BODY,
  openPlayground,
  signInWithKnownPassword,
} from './testing/sign-in-with-known-password.ts'

let dataDir: string
let database: Awaited<ReturnType<typeof createTestDatabase>>
let running: Running

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'behind-a-proxy-'))
  database = await createTestDatabase()
  running = await startMain({ DATA_DIR: dataDir, DATABASE_URL: database.url })
})
afterAll(async () => {
  await running.end('SIGTERM')
  await database.drop()
  await rm(dataDir, { recursive: true })
})

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
