import { AuthError } from './auth-error.ts'
import type { Credentials } from './request-auth.ts'
import { isStream } from './is-stream.ts'
import { within } from './pause.ts'
import type { TokenManager } from './token-manager.ts'
import { originOf, resolveUrl } from './url.ts'

/** The part of axios that is used, as types, so that the package does not depend on axios. */
type Headers = { get(name: string): unknown; concat(headers: object | undefined): Headers }
type Config = {
  headers: Headers
  signal?: AbortSignal
  cancelToken?: { promise: Promise<unknown> }
  timeout?: number
  data?: unknown
  adapter?: unknown
}
type Answer = {
  status: number
  data?: unknown
  headers: Record<string, string | undefined>
  config: Config
  request?: { responseURL?: string; res?: { responseUrl?: string } }
}
type Failed = { config?: Config; response?: Answer }
type Instance = {
  request(config: object): Promise<Answer>
  getUri(config: object): string
  defaults: object
}
type Interceptors = { use(fulfilled: (config: Config) => Config): number; eject(id: number): void }
export type AxiosLike = {
  request(config: never): Promise<unknown>
  getUri(config: never): string
  interceptors: { request: object; response: object }
}

/** Adapters created here. A config that is sent again, by any plugin, already has one. */
const adapters = new WeakSet()

/**
 * Adds to an axios instance what `request` does: the access token on calls to allowed origins, and
 * one repetition of a 401 after a refresh. Several instances can share one TokenManager and its
 * refresh.
 *
 * It replaces the adapter, below the interceptors: interceptors and `transformRequest` see a
 * repeated request once, and every attempt of a retry plugin gets the current token. The `timeout`,
 * `signal` and `cancelToken` of a request also end its wait for a refresh.
 *
 * @param instance an axios instance
 * @param tokenManager the manager whose session is used
 * @returns a function that detaches the instance
 * @example
 * const baseURL = 'https://api.example.com'
 * const api = axios.create({ baseURL })
 * const tokenManager = new TokenManager({
 *   baseURL: 'https://auth.example.com',
 *   allowedOrigins: [baseURL],
 * })
 * attachAutoRefresh(api, tokenManager)
 */
export function attachAutoRefresh(instance: AxiosLike, tokenManager: TokenManager): () => void {
  const { auth } = tokenManager
  const interceptors = instance.interceptors.request as Interceptors
  // Has no defaults of its own: one that an interceptor removed must not come back.
  const bare = (instance as unknown as { create(): Instance }).create()
  for (const name of Object.keys(bare.defaults)) Reflect.deleteProperty(bare.defaults, name)
  let warned = false
  let detached = false

  // axios sends a relative URL to the page's origin, which gets a token only if it is in
  // `allowedOrigins`.
  function isAllowed(url: string): boolean {
    const page = globalThis.location?.href
    return auth.isAllowed(originOf(url) === undefined && page ? resolveUrl(url, () => page) : url)
  }
  /** A relative URL is hardly meant for a third party, so a missing token is probably a mistake. */
  function warn(url: string): void {
    if (!warned && originOf(url) === undefined) {
      console.warn(`${url} is sent without a token: its origin is not in allowedOrigins`)
      warned = true
    }
  }

  function createAdapter(inner: unknown) {
    /** Leaves the caller's config unchanged, without a token. */
    async function send(config: Config, credentials?: Credentials): Promise<Answer> {
      const headers = config.headers.concat(
        credentials && { Authorization: `Bearer ${credentials.session.accessToken}` },
      )
      try {
        const answer = await bare.request({
          ...config,
          headers,
          adapter: inner,
          transformRequest: [],
          transformResponse: [],
        })
        return Object.assign(answer, { config })
      } catch (error) {
        const { response } = Object.assign(error as Failed, { config })
        if (response) response.config = config
        throw error
      }
    }
    async function adapter(config: Config): Promise<Answer> {
      const url = bare.getUri(config)
      if (detached || config.headers.get('Authorization')) return send(config)
      if (!isAllowed(url)) {
        warn(url)
        return send(config)
      }
      const wait = createWait(config)
      const mayRepeat = !isStream(config.data)
      try {
        const credentials = await wait(auth.authorize(undefined, !mayRepeat))
        if (credentials === undefined) return send(config)
        const [answer, failed] = await send(config, credentials).then(
          (sent) => [sent, undefined] as const,
          (error: Failed) => [error.response, error] as const,
        )
        if (
          answer &&
          isAllowed(answer.request?.responseURL || answer.request?.res?.responseUrl || url)
        ) {
          await auth.commit((name) => answer.headers[name], credentials)
          const isUnauthorized = mayRepeat && answer.status === 401
          const next = isUnauthorized
            ? await wait(auth.retry(credentials, undefined, parse(answer.data)))
            : undefined
          if (next !== undefined) return send(config, next)
        }
        if (failed !== undefined) throw failed as unknown as Error
        return answer
      } catch (error) {
        // axios sends no cancelled request and rejects with its own error.
        if (error === CANCELLED) return send(config)
        throw error
      }
    }
    adapters.add(adapter)
    return adapter
  }

  const id = interceptors.use((config) => {
    if (!adapters.has(config.adapter as object)) config.adapter = createAdapter(config.adapter)
    return config
  })
  return () => {
    detached = true
    interceptors.eject(id)
  }
}

const CANCELLED = new Error('cancelled')

/** Bounds each wait of a request by the request's own timeout and cancellation. */
function createWait({ timeout, signal, cancelToken }: Config) {
  const endMs = timeout ? performance.now() + timeout : undefined
  return async <T>(work: Promise<T>): Promise<T> => {
    let stop = () => {}
    const cancelled = new Promise<never>((_, reject) => (stop = () => reject(CANCELLED)))
    if (signal?.aborted === true) stop()
    signal?.addEventListener('abort', stop)
    void cancelToken?.promise.then(stop)
    try {
      return await Promise.race([
        cancelled,
        within(work, endMs && Math.max(0, endMs - performance.now())),
      ])
    } catch (error) {
      throw error ?? new AuthError('timeout', { retryable: true })
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }
}

/** The raw body; axios parses it later. */
function parse(data: unknown): unknown {
  try {
    return typeof data === 'string' ? JSON.parse(data) : data
  } catch {
    return undefined
  }
}
