import { execFileSync } from 'node:child_process'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import axios from 'axios'
import { afterEach, expect, test } from 'vitest'
import { TokenManager, attachAutoRefresh, memoryStorage, type Session } from './index.ts'
import { refreshTokenOf } from './testing/fake-auth-server.ts'

const servers: Server[] = []
const managers: TokenManager[] = []
afterEach(async () => {
  managers.splice(0).forEach((manager) => manager.dispose())
  await Promise.all(
    servers
      .splice(0)
      .map(
        (server) => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
      ),
  )
})

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const session = (ageMs = 60_000): Session => ({
  accessToken: 'access',
  refreshToken: refreshTokenOf(1, 0),
  receivedAt: Date.now() - ageMs,
  lifetimeMs: 1_800_000,
})
function signedIn(baseURL: string, kept = session()) {
  const storage = memoryStorage()
  void storage.save(kept)
  const manager = new TokenManager({ baseURL, storage, timeoutMs: 60_000 })
  managers.push(manager)
  return manager
}
/** Answers 401 with its own token pair and reports what it received. */
async function foreign() {
  const reached: Array<{ authorization: string | undefined; refreshToken: unknown; body: string }> =
    []
  const url = await listen((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      reached.push({
        authorization: request.headers.authorization,
        refreshToken: request.headers['x-refresh-token'],
        body,
      })
      response
        .writeHead(401, {
          'X-Token-Refreshed': 'true',
          'X-New-Access-Token': 'theirs',
          'X-New-Refresh-Token': refreshTokenOf(1, 9),
        })
        .end()
    })
  })
  return { url, reached }
}

test.each([301, 302, 303, 307, 308])(
  'a redirect (%d) to another origin carries no token, and its answer is ignored',
  async (status) => {
    const { url, reached } = await foreign()
    let calls = 0
    const baseURL = await listen(
      (_, response) => (
        (calls += 1),
        response.writeHead(status, { Location: `${url}/there` }).end()
      ),
    )
    const manager = signedIn(baseURL)
    expect((await manager.request('/here')).status).toBe(401)
    const api = axios.create({ baseURL })
    attachAutoRefresh(api, manager)
    await expect(api.get('/here')).rejects.toMatchObject({ response: { status: 401 } })
    expect(reached).toEqual(
      Array.from({ length: 2 }, () => ({
        authorization: undefined,
        refreshToken: undefined,
        body: '',
      })),
    )
    expect([calls, manager.accessToken]).toEqual([2, 'access'])
  },
)

test.each([307, 308])(
  'a redirect (%d) of the sign-in or the refresh is not followed, because it would carry the password or the token',
  async (status) => {
    const { url, reached } = await foreign()
    const baseURL = await listen((_, response) =>
      response.writeHead(status, { Location: `${url}/there` }).end(),
    )
    const manager = signedIn(baseURL)
    await expect(manager.login('admin', 'password')).rejects.toMatchObject({
      code: 'network_error',
      retryable: true,
    })
    const refresh = manager.refreshTokens()
    refresh.catch(() => {})
    await manager.logout()
    await expect(refresh).rejects.toMatchObject({ code: 'refresh_token_missing' })
    expect(reached).toEqual([])
  },
)

test('a truncated answer and a closed connection are retried', async () => {
  let calls = 0
  const manager = signedIn(
    await listen((_, response) => {
      calls += 1
      if (calls === 1) return void response.destroy()
      if (calls === 2)
        return void response
          .writeHead(200, { 'Content-Length': 1000 })
          .write('{"data"', () => response.destroy())
      response.end(
        JSON.stringify({
          status: 200,
          message: '',
          data: {
            access_token: 'next',
            refresh_token: refreshTokenOf(1, 1),
            token_type: 'bearer',
            expires_in: 60,
          },
        }),
      )
    }),
  )
  expect((await manager.refreshTokens()).data.access_token).toBe('next')
  expect(calls).toBe(3)
})

test('an upload stream of axios is sent once', async () => {
  const bodies: string[] = []
  const baseURL = await listen((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => (bodies.push(body), response.writeHead(401).end()))
  })
  const api = axios.create({ baseURL })
  attachAutoRefresh(api, signedIn(baseURL))
  const { Readable } = await import('node:stream')
  await expect(api.post('/upload', Readable.from(['streamed']))).rejects.toMatchObject({
    response: { status: 401 },
  })
  expect(bodies).toEqual(['streamed'])
})

test('a signed-in manager does not keep a Node process alive', () => {
  const script = `
    import { TokenManager, memoryStorage } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)}
    const storage = memoryStorage()
    storage.save(${JSON.stringify(session())})
    console.log(new TokenManager({ storage }).accessToken)`
  expect(
    execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 50_000,
      encoding: 'utf8',
    }),
  ).toBe('access\n')
})
