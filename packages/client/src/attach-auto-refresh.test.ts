import axios, { AxiosError, type InternalAxiosRequestConfig } from 'axios'
import { describe, expect, test, vi } from 'vitest'
import { attachAutoRefresh } from './index.ts'
import { fakeAuthServer, refreshTokenOf, refusal } from './testing/fake-auth-server.ts'
import {
  passSeconds,
  setUp,
  settle,
  signedIn,
  sleepMinutes,
  withFakeClock,
} from './testing/set-up.ts'

withFakeClock()

/** axios on the fake server, with axios' default handling of a status. */
function axiosTo(server: ReturnType<typeof fakeAuthServer>, defaults: object = {}) {
  return axios.create({
    baseURL: 'http://localhost:8000',
    ...defaults,
    adapter: async (config: InternalAxiosRequestConfig) => {
      const url = axios.getUri(config)
      const headers = Object.fromEntries(
        Object.entries(config.headers.toJSON()).map(([name, value]) => [name, String(value)]),
      )
      const response = await server.fetch(url, {
        method: (config.method ?? 'get').toUpperCase(),
        headers,
        ...(config.data === undefined ? {} : { body: config.data as BodyInit }),
        ...(config.signal ? { signal: config.signal as AbortSignal } : {}),
      })
      const answer = {
        data: await response.text(),
        status: response.status,
        statusText: '',
        headers: Object.fromEntries(response.headers),
        config,
        request: {},
      }
      if (!(config.validateStatus?.(response.status) ?? true))
        throw new AxiosError(`status ${response.status}`, 'ERR_BAD_REQUEST', config, {}, answer)
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

test('five concurrent requests with an expired token cause one refresh, and all succeed', async () => {
  const { server, api } = await attached()
  sleepMinutes(31)
  const answers = await settle(Promise.all([1, 2, 3, 4, 5].map(() => api.get('/orders'))))
  expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
  expect(server.count('refresh')).toBe(1)
})

test('five concurrent 401s, one of them late, cause one refresh, and all succeed', async () => {
  const { server, api } = await attached()
  await passSeconds(60)
  server.next['orders'] = [
    refuse,
    refuse,
    refuse,
    refuse,
    () => new Promise((resolve) => void setTimeout(() => resolve(refuse()), 3000)),
  ]
  const answers = await settle(Promise.all([1, 2, 3, 4, 5].map(() => api.get('/orders'))))
  expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
  expect(server.count('refresh')).toBe(1)
})

test('a POST is repeated once with its body, parameters and headers', async () => {
  const { server, api, manager } = await attached()
  await passSeconds(60)
  server.next['orders'] = [refuse]
  server.next['orders?a=1'] = [refuse]
  const { data } = await settle(
    api.post<object>('/orders', { n: 1 }, { params: { a: 1 }, headers: { 'X-Mine': '1' } }),
  )
  expect(data).toEqual({ token: manager.accessToken, body: '{"n":1}' })
  expect(
    server.calls
      .filter(({ method, url }) => method === 'POST' && url.includes('orders'))
      .map(({ url, body, headers }) => [url, body, headers.get('X-Mine')]),
  ).toEqual(Array.from({ length: 2 }, () => ['http://localhost:8000/orders?a=1', '{"n":1}', '1']))
})

test('a second 401 is an axios error', async () => {
  const { server, api } = await attached()
  await passSeconds(60)
  server.next['orders'] = [refuse, refuse, refuse]
  await expect(settle(api.get('/orders'))).rejects.toMatchObject({
    isAxiosError: true,
    response: { status: 401 },
  })
  expect(server.count('orders')).toBe(2)
})

test('an instance that accepts every status is supported', async () => {
  const { server, api } = await attached({ validateStatus: null })
  await passSeconds(60)
  server.next['orders'] = [refuse]
  expect((await settle(api.get('/orders'))).status).toBe(200)
})

test('two instances share one manager and its refresh', async () => {
  const { server, api, manager } = await attached()
  const other = axiosTo(server)
  attachAutoRefresh(other, manager)
  sleepMinutes(31)
  await settle(Promise.all([api.get('/orders'), other.get('/orders')]))
  expect(server.count('refresh')).toBe(1)
})

describe('requests that get no token', () => {
  test('another origin gets no token, and its 401 and headers are ignored', async () => {
    const { server, api, manager } = await attached()
    await passSeconds(60)
    server.next['orders'] = [
      () =>
        new Response('{}', {
          status: 401,
          headers: {
            'X-Token-Refreshed': 'true',
            'X-New-Access-Token': 'x',
            'X-New-Refresh-Token': refreshTokenOf(1, 9),
          },
        }),
    ]
    await expect(settle(api.get('https://elsewhere.example/orders'))).rejects.toMatchObject({
      response: { status: 401 },
    })
    expect(server.calls.map(({ path, headers }) => [path, headers.get('Authorization')])).toEqual([
      ['orders', null],
    ])
    expect(manager.refreshToken).toBe(refreshTokenOf(1, 0))
  })

  test("a relative URL gets no token unless the page's origin is allowed, with one warning", async () => {
    vi.stubGlobal('location', new URL('https://app.example.com/index.html'))
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const { manager } = await signedIn()
    const allowing = await signedIn({ allowedOrigins: ['https://app.example.com'] })
    const sent: unknown[] = []
    const adapter = async (config: InternalAxiosRequestConfig) => (
      sent.push(config.headers.get('Authorization')),
      { data: '', status: 200, statusText: '', headers: {}, config, request: {} }
    )
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

  test('a 401 with another error code is not repeated', async () => {
    const { server, api } = await attached()
    await passSeconds(60)
    server.next['orders'] = [() => refusal(401, 'wrong_pin')]
    await expect(settle(api.post('/orders', {}))).rejects.toMatchObject({
      response: { status: 401 },
    })
    expect([server.count('orders'), server.count('refresh')]).toEqual([1, 0])
  })

  test('an Authorization header of the caller is kept', async () => {
    const { server, api } = await attached()
    await expect(
      settle(api.get('/orders', { headers: { Authorization: 'Basic x' } })),
    ).rejects.toMatchObject({ response: { status: 401 } })
    expect(server.calls.map(({ headers }) => headers.get('Authorization'))).toEqual(['Basic x'])
  })
})

test('a failed refresh rejects with its own error, not with a 401', async () => {
  const { server, api } = await attached()
  sleepMinutes(31)
  server.next['refresh'] = Array(1000).fill(() => refusal(503, 'unavailable'))
  await expect(settle(api.get('/orders'))).rejects.toMatchObject({
    name: 'AuthError',
    code: 'unavailable',
  })
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
  await expect(request).rejects.toSatisfy(axios.isCancel)
  expect(server.count('orders')).toBe(0)
})

test('a newer pair in a response is stored', async () => {
  const { server, api, manager } = await attached()
  const accessToken = server.accessToken()
  server.next['orders'] = [
    () =>
      new Response('{}', {
        headers: {
          'X-Token-Refreshed': 'true',
          'X-New-Access-Token': accessToken,
          'X-New-Refresh-Token': refreshTokenOf(1, 1),
        },
      }),
  ]
  await settle(api.get('/orders'))
  expect(manager.accessToken).toBe(accessToken)
})

test('a detached instance behaves as before', async () => {
  const { server, api, detach } = await attached()
  detach()
  await expect(settle(api.get('/orders'))).rejects.toMatchObject({ response: { status: 401 } })
  expect(server.calls.map(({ headers }) => headers.get('Authorization'))).toEqual([null])
})

test('a request is sent without a token when not signed in', async () => {
  const { server, manager } = setUp()
  const api = axiosTo(server)
  attachAutoRefresh(api, manager)
  await expect(settle(api.get('/orders'))).rejects.toMatchObject({ response: { status: 401 } })
})

describe('together with other uses of axios', () => {
  /** The requests that were sent, without the calls of the authentication API. */
  const sent = (server: ReturnType<typeof fakeAuthServer>) =>
    server.calls.filter(({ path }) => path !== 'refresh')
  const unwrap = (answer: unknown) => (answer as { data?: unknown } | null)?.data

  test.each(['before', 'after'])(
    'each interceptor added %s ours sees a repeated request and its answer once',
    async (order) => {
      const { server, manager } = await signedIn()
      const api = axiosTo(server)
      const seen: string[] = []
      const add = () => {
        api.interceptors.request.use(
          (config) => (seen.push('request'), Object.assign(config, { url: `/v1${config.url}` })),
        )
        api.interceptors.response.use(
          (answer) => (seen.push('answer'), unwrap(answer) as never),
          (error) => (seen.push('error'), Promise.reject(error as Error)),
        )
      }
      if (order === 'before') add()
      attachAutoRefresh(api, manager)
      if (order === 'after') add()
      await passSeconds(60)
      server.next['orders'] = [refuse]
      expect(await settle(api.get('/orders'))).toMatchObject({ token: manager.accessToken })
      expect(seen).toEqual(['request', 'answer'])
      expect(sent(server).map(({ url }) => url)).toEqual(
        Array(2).fill('http://localhost:8000/v1/orders'),
      )
    },
  )

  test('transformRequest and transformResponse run once for a repeated request', async () => {
    const { server, api } = await attached({
      transformRequest: (data: unknown) => JSON.stringify({ wrapped: data }),
      transformResponse: (data: string) => [data.length > 0],
    })
    await passSeconds(60)
    server.next['orders'] = [refuse]
    expect((await settle(api.post('/orders', 1))).data).toEqual([true])
    expect(sent(server).map(({ body }) => body)).toEqual(Array(2).fill('{"wrapped":1}'))
  })

  test.each([
    ['null', null],
    ['undefined', undefined],
    ['a text', 'text'],
  ])('an earlier interceptor that returns %s breaks nothing', async (_, value) => {
    const { server, manager } = await signedIn()
    const api = axiosTo(server)
    api.interceptors.response.use(() => value as never)
    attachAutoRefresh(api, manager)
    expect(await settle(api.get('/orders'))).toBe(value)
  })

  test.each(['before', 'after'])(
    'a request that a plugin added %s ours retries gets the current token',
    async (order) => {
      const { server, manager } = await signedIn()
      const api = axiosTo(server)
      const retry = () =>
        api.interceptors.response.use(undefined, async (error: AxiosError) =>
          error.response?.status === 503 && error.config
            ? api(error.config)
            : Promise.reject(error),
        )
      if (order === 'before') retry()
      attachAutoRefresh(api, manager)
      if (order === 'after') retry()
      const old = manager.accessToken
      server.next['orders'] = [
        async () => {
          await manager.refreshTokens()
          return refusal(503, 'unavailable')
        },
      ]
      expect((await settle(api.get('/orders'))).status).toBe(200)
      expect(sent(server).map(({ headers }) => headers.get('Authorization'))).toEqual([
        `Bearer ${old}`,
        `Bearer ${manager.accessToken}`,
      ])
    },
  )

  test('a request is repeated even if an interceptor copies its config', async () => {
    const { server, manager } = await signedIn()
    const api = axiosTo(server)
    api.interceptors.request.use((config) => ({
      ...config,
      headers: config.headers.concat({ 'X-Copied': '1' }),
    }))
    attachAutoRefresh(api, manager)
    api.interceptors.request.use((config) => ({ ...config }))
    await passSeconds(60)
    server.next['orders'] = [refuse]
    expect((await settle(api.get('/orders'))).status).toBe(200)
    expect(sent(server).map(({ headers }) => headers.get('X-Copied'))).toEqual(['1', '1'])
  })

  test("the config of a response or an error is the caller's, without the token and without the inner adapter", async () => {
    const { server, api } = await attached()
    server.next['orders'] = [() => refusal(404, 'not_found')]
    const { config, response } = (await settle(
      api.get('/orders').catch((error: unknown) => error as AxiosError),
    )) as AxiosError
    expect([config?.headers.get('Authorization'), response?.config === config]).toEqual([
      undefined,
      true,
    ])
    expect((await settle(api.get('/orders'))).config.headers.get('Authorization')).toBeUndefined()
  })

  test('a baseURL that an interceptor removes does not come back, so the token is sent nowhere else', async () => {
    const { server, api } = await attached()
    api.interceptors.request.use((config) =>
      Object.assign(config, { url: 'https://elsewhere.example/orders', baseURL: undefined }),
    )
    await expect(settle(api.get('/orders'))).rejects.toMatchObject({ response: { status: 401 } })
    expect(sent(server).map(({ url, headers }) => [url, headers.get('Authorization')])).toEqual([
      ['https://elsewhere.example/orders', null],
    ])
  })

  test('the timeout of a request bounds its wait for a refresh', async () => {
    const { server, api } = await attached({ timeout: 1000 })
    sleepMinutes(31)
    server.next['refresh'] = Array(1000).fill(() => refusal(503, 'unavailable'))
    const from = performance.now()
    await expect(settle(api.get('/orders'))).rejects.toMatchObject({
      code: 'timeout',
      retryable: true,
    })
    expect(performance.now() - from).toBeLessThan(1100)
    expect(server.count('orders')).toBe(0)
  })

  test('the cancelToken of a request ends its wait for a refresh, and nothing is sent', async () => {
    const { server, api } = await attached()
    sleepMinutes(31)
    server.latencyMs = 1000
    const source = axios.CancelToken.source()
    const request = api.get('/orders', { cancelToken: source.token })
    request.catch(() => {})
    await passSeconds(0.1)
    source.cancel()
    await expect(request).rejects.toSatisfy(axios.isCancel)
    expect(server.count('orders')).toBe(0)
  })
})
