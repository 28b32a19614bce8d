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
const startWith = (name: Parameters<typeof startProxy>[0]) =>
  startProxy(name, { authApi: authApi.port, application: application.port })

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
