import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { runEntry, startMain, type Running } from './testing/run-entry.ts'

let dataDir: string
let running: Running
beforeEach(async () => {
  dataDir = join(await mkdtemp(join(tmpdir(), 'keys-')), 'data')
  running = await startMain({ DATA_DIR: dataDir })
})
afterEach(async () => {
  await running.end('SIGTERM')
  await rm(join(dataDir, '..'), { recursive: true })
})

const keys = (...args: string[]) =>
  runEntry('operations/cli.ts', { args: ['keys', ...args], environment: { DATA_DIR: dataDir } })

async function ask(path: string, { token, body }: { token?: string; body?: object } = {}) {
  const response = await fetch(`${running.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer = (await response.json()) as {
    data?: { access_token: string; refresh_token: string }
    keys?: { kid: string }[]
    error?: { code: string }
  }
  return { status: response.status, code: answer.error?.code, data: answer.data, keys: answer.keys }
}
const api = '/api/v1/auth'

test('a retired signing key is rejected within seconds, and its honest users refresh', async () => {
  const credentials = { username: 'admin', password: 'password' }
  const { data } = await ask(`${api}/token`, { body: credentials })
  const token = data?.access_token ?? ''
  expect(await ask(`${api}/me`, { token })).toMatchObject({ status: 200 })
  const kid = (await ask('/.well-known/jwks.json')).keys?.[0]?.kid ?? ''
  expect(await keys('list')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(kid) as unknown,
  })
  expect(await keys('retire', 'unknown')).toMatchObject({ code: 1 })

  const retired = await keys('retire', kid)
  expect(retired).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(`^${kid} is retired; .+ signs`) as unknown,
  })
  const refused = { status: 401, code: 'access_token_expired' }
  await vi.waitFor(
    async () => expect(await ask(`${api}/me`, { token })).toMatchObject(refused),
    10_000,
  )
  expect(await ask(`${api}/logout`, { token, body: {} })).toMatchObject(refused)
  await vi.waitFor(async () => {
    expect((await ask('/.well-known/jwks.json')).keys?.map((key) => key.kid)).not.toContain(kid)
  }, 10_000)

  expect(await keys('retire', kid)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(`^${kid} is retired already, since 20`) as unknown,
  })
  const listed = (await keys('list')).stdout.trim().split('\n')
  expect(listed).toEqual([
    expect.stringMatching(/ active +created 20/),
    expect.stringMatching(`^${kid} +retired +retired 20`),
  ])

  const refreshed = await ask(`${api}/refresh`, { body: { refresh_token: data?.refresh_token } })
  expect(refreshed.status).toBe(200)
  const fresh = refreshed.data?.access_token ?? ''
  expect(await ask(`${api}/me`, { token: fresh })).toMatchObject({ status: 200 })
})
