import axios, { AxiosError, type InternalAxiosRequestConfig } from 'axios'
import { describe, expect, test, vi } from 'vitest'
import { attachAutoRefresh } from './index.ts'
import { fakeAuthServer, refreshTokenOf, refusal } from './testing/fake-auth-server.ts'
import { passSeconds, setUp, settle, signedIn, sleepMinutes, withFakeClock } from './testing/set-up.ts'

withFakeClock()

/** axios over the fake server, with what axios does to a status by default. */
function axiosTo(server: ReturnType<typeof fakeAuthServer>, defaults: object = {}) {
  return axios.create({
    baseURL: 'http://localhost:8000',
    ...defaults,
    adapter: async (config: InternalAxiosRequestConfig) => {
      const url = axios.getUri(config)
      const headers = Object.fromEntries(Object.entries(config.headers.toJSON()).map(([name, value]) => [name, String(value)]))
      const response = await server.fetch(url, { method: (config.method ?? 'get').toUpperCase(), headers, ...(config.data === undefined ? {} : { body: config.data as BodyInit }), ...(config.signal ? { signal: config.signal as AbortSignal } : {}) })
      const answer = { data: await response.text(), status: response.status, statusText: '', headers: Object.fromEntries(response.headers), config, request: {} }
      if (!(config.validateStatus?.(response.status) ?? true)) throw new AxiosError(`status ${response.status}`, 'ERR_BAD_REQUEST', config, {}, answer)
      return answer
    },
  })
}
async function attached(defaults?: object) {
  const client = await signedIn()
  const api = axiosTo(client.server, defaults)
  return { ...client, api, detach: attachAutoRefresh(api, client.manager) }
}
const refuse = () => refusal(401, 'access_token_expired')

test('five parallel requests with an expired token: one refresh, all are answered', async () => {
  const { server, api } = await attached()
  sleepMinutes(31)
  const answers = await settle(Promise.all([1, 2, 3, 4, 5].map(() => api.get('/orders'))))
  expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
  expect(server.count('refresh')).toBe(1)
})

test('five parallel 401s, one of them late: one refresh, all are answered', async () => {
  const { server, api } = await attached()
  await passSeconds(60)
  server.next['orders'] = [refuse, refuse, refuse, refuse, () => new Promise((resolve) => void setTimeout(() => resolve(refuse()), 3000))]
  const answers = await settle(Promise.all([1, 2, 3, 4, 5].map(() => api.get('/orders'))))
  expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
  expect(server.count('refresh')).toBe(1)
})

test('a POST is repeated once, with its body, parameters and headers', async () => {
  const { server, api, manager } = await attached()
  await passSeconds(60)
  server.next['orders'] = [refuse]
  server.next['orders?a=1'] = [refuse]
  const { data } = await settle(api.post<object>('/orders', { n: 1 }, { params: { a: 1 }, headers: { 'X-Mine': '1' } }))
  expect(data).toEqual({ token: manager.accessToken, body: '{"n":1}' })
  expect(server.calls.filter(({ method, url }) => method === 'POST' && url.includes('orders')).map(({ url, body, headers }) => [url, body, headers.get('X-Mine')])).toEqual(
    Array.from({ length: 2 }, () => ['http://localhost:8000/orders?a=1', '{"n":1}', '1']),
  )
})

test('a second 401 is an error of axios', async () => {
  const { server, api } = await attached()
  await passSeconds(60)
  server.next['orders'] = [refuse, refuse, refuse]
  await expect(settle(api.get('/orders'))).rejects.toMatchObject({ isAxiosError: true, response: { status: 401 } })
  expect(server.count('orders')).toBe(2)
})

test('an instance that takes every status for a success is served too', async () => {
  const { server, api } = await attached({ validateStatus: null })
  await passSeconds(60)
  server.next['orders'] = [refuse]
  expect((await settle(api.get('/orders'))).status).toBe(200)
})

test('two instances share one manager and its one refresh', async () => {
  const { server, api, manager } = await attached()
  const other = axiosTo(server)
  attachAutoRefresh(other, manager)
  sleepMinutes(31)
  await settle(Promise.all([api.get('/orders'), other.get('/orders')]))
  expect(server.count('refresh')).toBe(1)
})

describe('what is not ours', () => {
  test('a foreign origin gets no token, and its 401 and headers change nothing', async () => {
    const { server, api, manager } = await attached()
    await passSeconds(60)
    server.next['orders'] = [() => new Response('{}', { status: 401, headers: { 'X-Token-Refreshed': 'true', 'X-New-Access-Token': 'x', 'X-New-Refresh-Token': refreshTokenOf(1, 9) } })]
    await expect(settle(api.get('https://elsewhere.example/orders'))).rejects.toMatchObject({ response: { status: 401 } })
    expect(server.calls.map(({ path, headers }) => [path, headers.get('Authorization')])).toEqual([['orders', null]])
    expect(manager.refreshToken).toBe(refreshTokenOf(1, 0))
  })

  test('a relative URL is the page\'s: without a token, unless its origin is allowed, and it says so once', async () => {
    vi.stubGlobal('location', new URL('https://app.example.com/index.html'))
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const { manager } = await signedIn()
    const allowing = await signedIn({ allowedOrigins: ['https://app.example.com'] })
    const sent: unknown[] = []
    const adapter = async (config: InternalAxiosRequestConfig) => (sent.push(config.headers.get('Authorization')), { data: '', status: 200, statusText: '', headers: {}, config, request: {} })
    for (const client of [manager, allowing.manager]) {
      const api = axios.create({ baseURL: '/api', adapter })
      attachAutoRefresh(api, client)
      await settle(api.get('/orders'))
      await settle(api.get('/orders'))
    }
    const bearer = `Bearer ${allowing.manager.accessToken}`
    expect(sent).toEqual([undefined, undefined, bearer, bearer])
    expect(warn).toHaveBeenCalledTimes(1)
    warn.mockRestore()
  })

  test('a 401 about something else than the token is not repeated', async () => {
    const { server, api } = await attached()
    await passSeconds(60)
    server.next['orders'] = [() => refusal(401, 'wrong_pin')]
    await expect(settle(api.post('/orders', {}))).rejects.toMatchObject({ response: { status: 401 } })
    expect([server.count('orders'), server.count('refresh')]).toEqual([1, 0])
  })

  test('an Authorization of the caller is left alone', async () => {
    const { server, api } = await attached()
    await expect(settle(api.get('/orders', { headers: { Authorization: 'Basic x' } }))).rejects.toMatchObject({ response: { status: 401 } })
    expect(server.calls.map(({ headers }) => headers.get('Authorization'))).toEqual(['Basic x'])
  })
})

test('trouble of the refresh is its error, not a 401', async () => {
  const { server, api } = await attached()
  sleepMinutes(31)
  server.next['refresh'] = Array(1000).fill(() => refusal(503, 'unavailable'))
  await expect(settle(api.get('/orders'))).rejects.toMatchObject({ name: 'AuthError', code: 'unavailable' })
})

test('an aborted request stops waiting for the refresh', async () => {
  const { server, api } = await attached()
  sleepMinutes(31)
  server.latencyMs = 1000
  const abort = new AbortController()
  const request = api.get('/orders', { signal: abort.signal })
  request.catch(() => {})
  await passSeconds(0.1)
  abort.abort()
  await expect(request).rejects.toMatchObject({ name: 'AbortError' })
  expect(server.count('orders')).toBe(0)
})

test('a newer pair that an answer brings along is taken over', async () => {
  const { server, api, manager } = await attached()
  const accessToken = server.accessToken()
  server.next['orders'] = [() => new Response('{}', { headers: { 'X-Token-Refreshed': 'true', 'X-New-Access-Token': accessToken, 'X-New-Refresh-Token': refreshTokenOf(1, 1) } })]
  await settle(api.get('/orders'))
  expect(manager.accessToken).toBe(accessToken)
})

test('detached, the instance is as it was', async () => {
  const { server, api, detach } = await attached()
  detach()
  await expect(settle(api.get('/orders'))).rejects.toMatchObject({ response: { status: 401 } })
  expect(server.calls.map(({ headers }) => headers.get('Authorization'))).toEqual([null])
})

test('nobody signed in: the request goes without a token', async () => {
  const { server, manager } = setUp()
  const api = axiosTo(server)
  attachAutoRefresh(api, manager)
  await expect(settle(api.get('/orders'))).rejects.toMatchObject({ response: { status: 401 } })
})
