import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { askRaw } from './harness/ask-raw.ts'
import { openWebSocket } from './harness/open-web-socket.ts'
import { startEcho, valuesOf } from './harness/start-echo.ts'
import { PROXIES, startProxy } from './harness/start-proxy.ts'
import { startVerifyDouble, USER } from './harness/start-verify-double.ts'

/** What a client may try to get past the check of auth-api, through each real proxy. */
let application: Awaited<ReturnType<typeof startEcho>>
let authApi: Awaited<ReturnType<typeof startVerifyDouble>>
let proxy: Awaited<ReturnType<typeof startProxy>>

beforeAll(async () => {
  application = await startEcho()
  authApi = await startVerifyDouble()
})
afterAll(async () => {
  await Promise.all([application.close(), authApi.close()])
})
beforeEach(() => {
  authApi.answer = { status: 200, headers: USER }
  application.received.length = 0
})
const startWith = (name: Parameters<typeof startProxy>[0], edits: Array<[RegExp, string]> = []) =>
  startProxy(name, { authApi: authApi.port, application: application.port, edits })

describe.each(PROXIES)('%s', (engine) => {
  beforeAll(async () => {
    proxy = await startWith(engine)
  })
  afterAll(() => proxy.stop())

  test('no upgrade but a WebSocket reaches the application: h2c would be a tunnel past the check', async () => {
    const h2c = ['HTTP2-Settings: AAMAAABkAAQAAP__', 'Connection: Upgrade, HTTP2-Settings']
    for (const names of [['h2c'], ['H2C'], ['h2c, websocket'], ['h2c', 'websocket'], ['TLS/1.0']])
      for (const path of ['/public/page', '/page']) {
        const upgrade = [...h2c, ...names.map((name) => `Upgrade: ${name}`)]
        await openWebSocket(proxy.port, [], { path, upgrade })
        const [received] = application.received.splice(0)
        const others = valuesOf(received?.headers ?? [], 'upgrade').filter((v) => v !== 'websocket')
        expect([names, path, received?.url, others]).toEqual([names, path, path, []])
      }
    const upgrade = ['Upgrade: WebSocket', 'Connection: keep-alive, Upgrade']
    expect((await openWebSocket(proxy.port, [], { upgrade })).status).toBe(101)
  })

  test('path parameters, which some servers strip before they resolve `..`, do not pass', async () => {
    for (const path of ['/public/..;/admin', '/;/admin', '/x/..;a=1/admin', '/public/..%3b/admin'])
      for (const target of [path, path.replace('%3b', '%3B')])
        expect([target, (await askRaw(proxy.url, target)).status]).toEqual([target, 400])
    expect(application.received).toEqual([])
    expect((await askRaw(proxy.url, '/page?a=1;b=2%3b')).status).toBe(200)
  })

  test('auth-api gets the tokens, the application their empty cookies', async () => {
    const cookies = (token: string) =>
      ['refresh_token', '__Host-access_token', 'access_token', '__Host-refresh_token']
        .map((name, i) => `${name}=${token}; ${i}_refresh_token=own`)
        .join('; ')
    const headers = ['Cookie', cookies('secret')]
    authApi.calls.length = 0
    for (const path of ['/page', '/admin', '/public/page']) {
      const { headers: received } = (await askRaw(proxy.url, path, { headers })).json()
      expect([path, valuesOf(received, 'cookie')]).toEqual([path, [cookies('')]])
      await askRaw(proxy.url, path)
      expect(valuesOf(application.received.at(-1)?.headers ?? [], 'cookie')).toEqual([])
    }
    await askRaw(proxy.url, '/api/v1/auth/me', { headers })
    const asked = authApi.calls.map((call) => valuesOf(call.headers, 'cookie').join())
    expect(asked.filter(Boolean)).toEqual(Array(3).fill(cookies('secret')))
  })
})

test('HAProxy asks auth-api also while its clients hold all connections that it gives them', async () => {
  // A hundredth, which a test can open and hold.
  proxy = await startWith('haproxy', [
    [/maxconn 4000/, 'maxconn 40'],
    [/maxconn 2000/, 'maxconn 20'],
    [/timeout http-request 5s/, 'timeout http-request 60s'],
  ])
  const clients = Array.from({ length: 40 }, () =>
    connect(proxy.port, '127.0.0.1')
      .setEncoding('latin1')
      .on('error', () => {}),
  )
  const ask = async (client: Socket | undefined, path: string) => {
    client?.write(`GET ${path} HTTP/1.1\r\nHost: app.example.com\r\n\r\n`)
    return String((await once(client as Socket, 'data'))[0]).split(' ', 2)[1]
  }
  const accepted = clients.slice(0, 15)
  await Promise.all(accepted.map((client) => ask(client, '/public/page')))
  expect(await ask(clients[0], '/page')).toBe('200')
  for (const client of clients) client.destroy()
  await proxy.stop()
})

describe('the nginx snippet of docs/integrate.md', () => {
  beforeAll(async () => {
    proxy = await startWith('snippet')
  })
  afterAll(() => proxy.stop())

  test('the user and the role come from auth-api only', async () => {
    const names = ['User', 'Role', 'Username', 'Session'].flatMap((name) => [
      `X-Auth-${name}`,
      `x_auth_${name}`,
    ])
    const headers = names.flatMap((name) => [name, 'forged'])
    const identity = async () => {
      const received = (await askRaw(proxy.url, '/page', { headers })).json().headers
      expect(received).not.toContain('forged')
      return ['x-auth-user', 'x-auth-role'].flatMap((name) => valuesOf(received, name))
    }
    expect(await identity()).toEqual(['user-1', 'editor'])
    // A user without a role stays without one.
    authApi.answer = { status: 200, headers: USER.slice(0, 2) }
    expect(await identity()).toEqual(['user-1'])
    authApi.answer = { status: 401 }
    application.received.length = 0
    expect((await askRaw(proxy.url, '/page', { headers })).status).toBe(401)
    expect(application.received).toEqual([])
  })
})
