import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase } from '@auto-refresh/test-engines'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startMain, type Running } from './testing/run-entry.ts'

let dataDir: string
let database: Awaited<ReturnType<typeof createTestDatabase>>
const started: Running[] = []

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'playground-'))
  database = await createTestDatabase()
})
afterEach(async () => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL')
  await database.drop()
  await rm(dataDir, { recursive: true })
})

async function start(environment: NodeJS.ProcessEnv = {}): Promise<Running> {
  const running = await startMain({ DATA_DIR: dataDir, DATABASE_URL: database.url, ...environment })
  started.push(running)
  return running
}

async function listen(url: string) {
  const body = JSON.stringify({ username: 'admin', password: 'password' })
  const answer = await fetch(`${url}/api/v1/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  const { data } = (await answer.json()) as {
    data: { access_token: string; refresh_token: string }
  }
  const stream = await fetch(`${url}/playground/events`, {
    headers: { authorization: `Bearer ${data.access_token}` },
  })
  expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  return { data, stream }
}

test('the events of the own session arrive on the open stream, without a token', async () => {
  const { url } = await start()
  const { data, stream } = await listen(url)
  await fetch(`${url}/api/v1/auth/logout`, {
    method: 'POST',
    headers: { authorization: `Bearer ${data.access_token}` },
  })
  let text = ''
  for await (const chunk of stream.body ?? []) {
    text += Buffer.from(chunk).toString()
    if (text.includes('session.revoked.v1') && text.endsWith('\n\n')) break
  }
  expect(text).toContain('"reason":"logout"')
  expect(text).not.toMatch(/art_|eyJ/)
})

test('a stop closes the streams and does not wait for their clients', async () => {
  const running = await start()
  const { stream } = await listen(running.url)
  const whole = stream.text()
  expect(await running.end('SIGTERM')).toBe(0)
  // a stream that was cut would reject
  expect(await whole).toContain(': open')
})

test('the scripts are compiled without a warning on the terminal', async () => {
  const running = await start()
  expect((await fetch(`${running.url}/playground/main.ts`)).status).toBe(200)
  expect(running.output()).not.toContain('Warning')
})

test('the demo password is prefilled only where it works', async () => {
  const settings = async ({ url }: Running) =>
    ((await (await fetch(`${url}/playground/settings`)).json()) as { signIn: unknown }).signIn
  const closed = await start()
  expect(await settings(closed)).toEqual({ username: 'admin', password: 'password' })
  await closed.end('SIGTERM')
  expect(await settings(await start({ NODE_ENV: 'production', PLAYGROUND: 'true' }))).toBeNull()
})

test.each([{ PLAYGROUND: 'false' }, { NODE_ENV: 'production' }])(
  'with %o the path / is not there, nor anything behind it',
  async (environment) => {
    const running = await start(environment)
    for (const path of ['/', '/playground/main.ts', '/playground/settings', '/playground/events']) {
      const answer = await fetch(`${running.url}${path}`)
      expect([answer.status, await answer.json()]).toMatchObject([
        404,
        { error: { code: 'not_found' } },
      ])
    }
    expect(running.output()).not.toContain('Try it')
  },
)
