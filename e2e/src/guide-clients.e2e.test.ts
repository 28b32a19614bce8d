import { createTestDatabase } from '@auto-refresh/test-engines'
import axios, { AxiosError, type AxiosInstance, type InternalAxiosRequestConfig } from 'axios'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { call } from './harness/api.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'
import { SHORT_LIVED, ALWAYS_DUE, LONG_LIVED, hasExpired } from './harness/token-lifetimes.ts'

/**
 * Front ends that behave like the guide's two: the same calls, headers and storage keys, without
 * single-flight. Three processes on one database: tokens of `system` are fresh there, due at
 * `eager`, and those of `brief` expire within seconds.
 */
let system: Standalone
let eager: Standalone
let brief: Standalone
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  const start = async (env: Record<string, string>) =>
    (
      await startStandalone({
        dataDir: folder.path,
        databaseUrl: database.url,
        env: { ...env, LOG_LEVEL: 'info' },
      })
    ).ready()
  system = await start(LONG_LIVED)
  ;[eager, brief] = await Promise.all([start(ALWAYS_DUE), start(SHORT_LIVED)])
})
afterAll(async () => {
  await Promise.all([system, eager, brief].map((each) => each.stop()))
  await folder.remove()
  await database.drop()
})
const alarms = async () =>
  (await Promise.all([system, eager, brief].map((each) => each.alarms()))).reduce(
    (sum, own) => sum + own,
  )

const storage = new Map<string, string>()
beforeEach(() => storage.clear())
const keep = (access: string, refresh: string) => {
  storage.set('access_token', access)
  storage.set('refresh_token', refresh)
}

type PairBody = {
  data: { access_token: string; refresh_token: string; token_type: string; expires_in: number }
  message: string
}

/** The version with fetch: tokens in fields and in the storage, both sent with each request. */
function fetchClient(baseURL: string) {
  let accessToken = storage.get('access_token') ?? null
  let refreshToken = storage.get('refresh_token') ?? null
  async function take(response: Response, failure: string): Promise<PairBody> {
    if (!response.ok) throw new Error(failure)
    const body = (await response.json()) as PairBody
    accessToken = body.data.access_token
    refreshToken = body.data.refresh_token
    keep(accessToken, refreshToken)
    return body
  }
  const post = (path: string, body: object) =>
    fetch(`${baseURL}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })

  return {
    tokens: () => ({ accessToken, refreshToken }),
    login: async (username: string, password: string) =>
      take(await post('/api/v1/auth/token', { username, password }), 'Login failed'),
    async request(url: string, init: { headers?: Record<string, string> } = {}) {
      const response = await fetch(url, {
        ...init,
        headers: {
          Authorization: `Bearer ${accessToken}`,
          'X-Refresh-Token': String(refreshToken),
          ...init.headers,
        },
      })
      const renewed = [
        response.headers.get('X-New-Access-Token'),
        response.headers.get('X-New-Refresh-Token'),
      ] as const
      if (response.headers.get('X-Token-Refreshed') === 'true' && renewed[0] && renewed[1]) {
        ;[accessToken, refreshToken] = renewed
        keep(...(renewed as [string, string]))
      }
      return response
    },
    async refreshTokens() {
      if (!refreshToken) throw new Error('No refresh token available')
      return take(
        await post('/api/v1/auth/auto-refresh', { refresh_token: refreshToken }),
        'Token refresh failed',
      )
    },
    logout() {
      accessToken = null
      refreshToken = null
      storage.clear()
    },
  }
}

/**
 * The version with axios: two interceptors; each 401 causes its own refresh and repeats its
 * request.
 */
function axiosClient(baseURL: string): { api: AxiosInstance; loggedOut: () => boolean } {
  let wasLoggedOut = false
  const api = axios.create({ baseURL })
  api.interceptors.request.use((config: InternalAxiosRequestConfig) => {
    const access = storage.get('access_token')
    const refresh = storage.get('refresh_token')
    if (access) config.headers.set('Authorization', `Bearer ${access}`)
    if (refresh) config.headers.set('X-Refresh-Token', refresh)
    return config
  })
  api.interceptors.response.use(
    (response) => {
      const { headers } = response
      if (
        headers['x-token-refreshed'] === 'true' &&
        headers['x-new-access-token'] &&
        headers['x-new-refresh-token']
      ) {
        keep(String(headers['x-new-access-token']), String(headers['x-new-refresh-token']))
      }
      return response
    },
    async (error: AxiosError) => {
      const refresh = storage.get('refresh_token')
      if (error.response?.status !== 401 || !refresh || error.config === undefined) throw error
      try {
        const { data } = await axios.post<PairBody>(`${baseURL}/api/v1/auth/auto-refresh`, {
          refresh_token: refresh,
        })
        keep(data.data.access_token, data.data.refresh_token)
        error.config.headers.set('Authorization', `Bearer ${data.data.access_token}`)
        return await axios.request(error.config)
      } catch (refreshError) {
        storage.clear()
        wasLoggedOut = true
        throw refreshError
      }
    },
  )
  return { api, loggedOut: () => wasLoggedOut }
}

describe('the TokenManager', () => {
  test('signs in, is refreshed by a request with a due token, refreshes explicitly and logs out', async () => {
    const client = fetchClient(system.url)
    const body = await client.login('admin', 'password')
    expect(body).toMatchObject({
      status: 200,
      message: 'Login Successfully',
      data: { token_type: 'bearer', expires_in: 3600 },
    })
    const first = client.tokens()

    const fresh = await client.request(`${system.url}/api/v1/auth/me`)
    expect([fresh.status, fresh.headers.get('x-token-refreshed')]).toEqual([200, null])
    expect(client.tokens()).toEqual(first)

    const due = await client.request(`${eager.url}/api/v1/auth/me`)
    expect([
      due.status,
      due.headers.get('x-token-refreshed'),
      due.headers.get('cache-control'),
    ]).toEqual([200, 'true', 'no-store, private'])
    expect(client.tokens().refreshToken).not.toBe(first.refreshToken)
    expect(storage.get('refresh_token')).toBe(client.tokens().refreshToken)

    await client.refreshTokens()
    expect((await client.request(`${system.url}/api/v1/auth/me`)).status).toBe(200)
    const old = client.tokens()
    client.logout()
    expect((await client.request(`${system.url}/api/v1/auth/me`)).status).toBe(401)
    await expect(client.refreshTokens()).rejects.toThrow('No refresh token available')
    // Its logout only removes the tokens; the test ends the session at the server.
    expect(
      (
        await call(system.url, 'POST', '/api/v1/auth/logout', {
          body: { refresh_token: old.refreshToken },
        })
      ).status,
    ).toBe(200)
    expect(await alarms()).toBe(0)
  })

  test('keeps its session with concurrent requests on a due and on an expired token', async () => {
    const client = fetchClient(brief.url)
    await client.login('admin', 'password')
    const twelveAsk = async ({ url }: Standalone) => {
      const before = client.tokens().refreshToken
      const answers = await Promise.all(
        Array.from({ length: 12 }, () => client.request(`${url}/api/v1/auth/me`)),
      )
      expect(answers.map((answer) => answer.status)).toEqual(Array(12).fill(200))
      expect(client.tokens().refreshToken).not.toBe(before)
    }
    for (const _ of [1, 2]) {
      await hasExpired(client.tokens().accessToken ?? '')
      await twelveAsk(brief)
    }
    for (const _ of [1, 2]) await twelveAsk(eager)
    expect((await client.request(`${system.url}/api/v1/auth/me`)).status).toBe(200)
    expect(await alarms()).toBe(0)
  })

  test('knows the state of its token', async () => {
    const status = async (from: Standalone, asked: Standalone) => {
      const client = fetchClient(from.url)
      const { data } = await client.login('admin', 'password')
      if (from === brief) await hasExpired(data.access_token)
      return (await client.request(`${asked.url}/api/v1/auth/token-status`)).json() as Promise<{
        message: string
        data: Record<string, unknown>
      }>
    }
    expect(await status(system, system)).toMatchObject({
      message: 'Token status retrieved successfully',
      data: { valid: true, needs_refresh: false, username: 'admin', role: 'admin' },
    })
    expect((await status(system, eager)).data).toMatchObject({ valid: true, needs_refresh: true })
    expect((await status(brief, brief)).data).toEqual({
      valid: false,
      needs_refresh: true,
      time_until_expiry: 0,
      expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      reason: 'expired',
    })
  })
})

describe('the axios interceptor', () => {
  test('six concurrent 401s each refresh, repeat their request and succeed', async () => {
    const { api, loggedOut } = axiosClient(system.url)
    const signedIn = await api.post<PairBody>('/api/v1/auth/token', {
      username: 'admin',
      password: 'password',
    })
    for (let round = 0; round < 3; round += 1) {
      keep(
        'not.a.token',
        round === 0 ? signedIn.data.data.refresh_token : (storage.get('refresh_token') ?? ''),
      )
      const answers = await Promise.all(Array.from({ length: 6 }, () => api.get('/api/v1/auth/me')))
      expect(answers.map((answer) => answer.status)).toEqual(Array(6).fill(200))
    }
    expect(loggedOut()).toBe(false)
    expect(await alarms()).toBe(0)
  })

  test('stores the pair that a request with a due token returns', async () => {
    const { api } = axiosClient(eager.url)
    const signedIn = await api.post<PairBody>('/api/v1/auth/token', {
      username: 'admin',
      password: 'password',
    })
    keep(signedIn.data.data.access_token, signedIn.data.data.refresh_token)
    expect((await api.get('/api/v1/auth/me')).status).toBe(200)
    expect(storage.get('refresh_token')).not.toBe(signedIn.data.data.refresh_token)
  })

  test('removes its tokens when the session has ended', async () => {
    const { api, loggedOut } = axiosClient(system.url)
    const signedIn = await api.post<PairBody>('/api/v1/auth/token', {
      username: 'admin',
      password: 'password',
    })
    keep('not.a.token', signedIn.data.data.refresh_token)
    await call(system.url, 'POST', '/api/v1/auth/logout', {
      body: { refresh_token: signedIn.data.data.refresh_token },
    })
    await expect(api.get('/api/v1/auth/me')).rejects.toThrow('401')
    expect(loggedOut()).toBe(true)
    expect(storage.size).toBe(0)
  })
})
