import { mock } from 'node:test'
import { TokenManager, memoryStorage } from '@auto-refresh/client'
import axios, { AxiosError, type InternalAxiosRequestConfig } from 'axios'
import { InMemoryWebStorage, User, UserManager, WebStorageStateStore } from 'oidc-client-ts'
import { createAuthRefresh } from './create-auth-refresh.ts'

const LIFE_SECONDS = 1800
const HOURS = 24
const ORIGIN = 'http://localhost:8000'
const json = (body: object) =>
  new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } })

/**
 * One tab sends a request per minute over a day of mocked time. Returns the refreshes per hour and
 * the requests that got a 401.
 */
export type Hourly = { refreshes: number; refused: number }

async function liveADay(request: () => Promise<unknown>): Promise<void> {
  for (let second = 0; second < HOURS * 3600; second += 5) {
    mock.timers.tick(5000)
    // Runs the work of the tick: answers are immediate, but use promises.
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
    await new Promise(setImmediate)
    if (second % 60 === 0) await request()
  }
}
async function inMockedTime<T>(work: () => Promise<T>): Promise<T> {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: Date.now() })
  // The monotonic clock is not mocked.
  const from = Date.now()
  const monotonic = mock.method(performance, 'now', () => Date.now() - from)
  try {
    return await work()
  } finally {
    monotonic.mock.restore()
    mock.timers.reset()
  }
}
/** A server whose access tokens live 30 minutes. */
function issuer() {
  let [refreshes, refused, issuedAt] = [0, 0, Date.now()]
  return {
    refresh: () => ((issuedAt = Date.now()), `token-${(refreshes += 1)}`),
    isLive(token: string) {
      const live = token === `token-${refreshes}` && Date.now() < issuedAt + LIFE_SECONDS * 1000
      if (!live) refused += 1
      return live
    },
    hourly: (): Hourly => ({ refreshes: refreshes / HOURS, refused: refused / HOURS }),
  }
}

export const ours = () =>
  inMockedTime(async () => {
    const server = issuer()
    const answer = (access_token: string) =>
      json({
        status: 200,
        message: '',
        data: {
          access_token,
          refresh_token: 'opaque',
          token_type: 'bearer',
          expires_in: LIFE_SECONDS,
        },
      })
    const manager = new TokenManager({
      storage: memoryStorage(),
      fetch: async (input, init) => {
        const { pathname } = new URL(input as string | URL)
        if (pathname.endsWith('/token')) return answer('token-0')
        if (pathname.endsWith('/refresh')) return answer(server.refresh())
        return new Response('', {
          status: server.isLive(new Headers(init?.headers).get('Authorization')?.slice(7) ?? '')
            ? 200
            : 401,
        })
      },
    })
    await manager.login('user', 'password')
    await liveADay(() => manager.request('/cases'))
    manager.dispose()
    return server.hourly()
  })

export const withAxiosAuthRefresh = () =>
  inMockedTime(async () => {
    const server = issuer()
    let token = 'token-0'
    const api = axios.create({
      adapter: async (config: InternalAxiosRequestConfig) => {
        const answer = { data: {}, statusText: '', headers: {}, config }
        if (server.isLive(config.headers.get('Authorization')?.toString().slice(7) ?? ''))
          return { ...answer, status: 200 }
        throw new AxiosError(
          '401',
          AxiosError.ERR_BAD_REQUEST,
          config,
          {},
          { ...answer, status: 401 },
        )
      },
    })
    api.interceptors.request.use((config) => {
      config.headers.set('Authorization', `Bearer ${token}`)
      return config
    })
    createAuthRefresh(api, async () => void (token = server.refresh()))
    await liveADay(() => api.get(`${ORIGIN}/cases`))
    return server.hourly()
  })

export const withOidcClient = () =>
  inMockedTime(async () => {
    const server = issuer()
    const { fetch } = globalThis
    globalThis.fetch = async () =>
      json({
        access_token: server.refresh(),
        refresh_token: 'opaque',
        token_type: 'Bearer',
        expires_in: LIFE_SECONDS,
      })
    const store = () => new WebStorageStateStore({ store: new InMemoryWebStorage() })
    const metadata = {
      issuer: ORIGIN,
      token_endpoint: `${ORIGIN}/token`,
      authorization_endpoint: `${ORIGIN}/authorize`,
    }
    const manager = new UserManager({
      authority: ORIGIN,
      client_id: 'spa',
      redirect_uri: `${ORIGIN}/back`,
      metadata,
      userStore: store(),
      stateStore: store(),
      automaticSilentRenew: true,
    })
    const expires_at = Math.floor(Date.now() / 1000) + LIFE_SECONDS
    await manager.storeUser(
      new User({
        access_token: 'token-0',
        refresh_token: 'opaque',
        token_type: 'Bearer',
        expires_at,
        profile: { sub: 'user', iss: ORIGIN, aud: 'spa', iat: 0, exp: 0 },
      }),
    )
    await manager.getUser()
    await liveADay(async () => server.isLive((await manager.getUser())?.access_token ?? ''))
    manager.stopSilentRenew()
    globalThis.fetch = fetch
    return server.hourly()
  })
