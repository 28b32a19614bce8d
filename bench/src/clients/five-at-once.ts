import { TokenManager, attachAutoRefresh, memoryStorage } from '@auto-refresh/client'
import axios, { AxiosError, type AxiosInstance, type InternalAxiosRequestConfig } from 'axios'
import { createAuthRefresh } from './create-auth-refresh.ts'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const LATENCY_MS = 10
const REFRESH_MS = 50

export type Outcome = { answered: number; refused: number; refreshes: number }

/**
 * An axios instance whose server accepts one live token, `next`, and answers within `latencyMs`.
 */
function createApi(latencyMs: (url: string) => number): AxiosInstance {
  return axios.create({
    baseURL: 'http://localhost:8000',
    adapter: async (config: InternalAxiosRequestConfig) => {
      await pause(latencyMs(config.url ?? ''))
      const answer = {
        data: {},
        statusText: '',
        headers: {},
        config,
        request: { responseURL: 'http://localhost:8000/' },
      }
      if (config.headers.get('Authorization') === 'Bearer next') return { ...answer, status: 200 }
      throw new AxiosError(
        '401',
        AxiosError.ERR_BAD_REQUEST,
        config,
        {},
        { ...answer, status: 401 },
      )
    },
  })
}
async function ask(api: AxiosInstance, refreshes: () => number): Promise<Outcome> {
  const settled = await Promise.allSettled([0, 1, 2, 3, 4].map((name) => api.get(`/${name}`)))
  const answered = settled.filter(({ status }) => status === 'fulfilled').length
  return { answered, refused: settled.length - answered, refreshes: refreshes() }
}

/** Five requests with a rejected token through axios-auth-refresh, set up as in its README. */
export async function fiveWithAxiosAuthRefresh(
  latencyMs: (url: string) => number = () => LATENCY_MS,
): Promise<Outcome> {
  const api = createApi(latencyMs)
  let [token, refreshes] = ['old', 0]
  api.interceptors.request.use((config) => {
    config.headers.set('Authorization', `Bearer ${token}`)
    return config
  })
  createAuthRefresh(api, async () => {
    refreshes += 1
    await pause(REFRESH_MS)
    token = 'next'
  })
  return ask(api, () => refreshes)
}

/**
 * The same five through `attachAutoRefresh`: the token looks live and is rejected, so there is no
 * early refresh.
 */
export async function fiveWithOurs(
  latencyMs: (url: string) => number = () => LATENCY_MS,
): Promise<Outcome> {
  const api = createApi(latencyMs)
  let refreshes = 0
  const storage = memoryStorage()
  void storage.save({
    accessToken: 'old',
    refreshToken: 'opaque',
    receivedAt: Date.now() - 60_000,
    lifetimeMs: 1_800_000,
  })
  const manager = new TokenManager({
    storage,
    fetch: async () => {
      refreshes += 1
      await pause(REFRESH_MS)
      return Response.json({
        status: 200,
        message: '',
        data: {
          access_token: 'next',
          refresh_token: 'opaque too',
          token_type: 'bearer',
          expires_in: 1800,
        },
      })
    },
  })
  attachAutoRefresh(api, manager)
  const outcome = await ask(api, () => refreshes)
  manager.dispose()
  return outcome
}
