import { AuthError } from './auth-error.ts'
import type { Pass } from './gate.ts'
import { isStream } from './is-stream.ts'
import { within } from './pause.ts'
import type { TokenManager } from './token-manager.ts'
import { originOf, resolveUrl } from './url.ts'

/** What is used of axios, by its shape: the package does not depend on it. */
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

/** Adapters made here: a config that is sent again, by whatever plugin, has one already. */
const ours = new WeakSet()

/**
 * Gives an axios instance what `request` has: the access token on calls to our origins, and one
 * repetition of a 401 with a renewed one. Any number of instances share one TokenManager and its
 * one refresh. Returns what takes it off again.
 *
 * It works beneath the interceptors, as the adapter: they and `transformRequest` see a repeated
 * request once, and every attempt of a plugin that retries gets the current token. The request's
 * `timeout`, `signal` and `cancelToken` end the waiting for a refresh.
 *
 * @example const api = axios.create({ baseURL: 'https://api.example.com' }) attachAutoRefresh(api,
 *   new TokenManager({ baseURL: 'https://auth.example.com', allowedOrigins:
 *   ['https://api.example.com'] }))
 */
export function attachAutoRefresh(instance: AxiosLike, tokenManager: TokenManager): () => void {
  const { gate } = tokenManager
  const interceptors = instance.interceptors.request as Interceptors
  // Sends what it is given and nothing else: a default that an interceptor took out must not come
  // back.
  const bare = (instance as unknown as { create(): Instance }).create()
  for (const name of Object.keys(bare.defaults)) Reflect.deleteProperty(bare.defaults, name)
  let warned = false
  let detached = false

  // Where axios sends a relative URL to: the page's origin, which gets a token only as one of
  // `allowedOrigins`.
  function isOurs(url: string): boolean {
    const page = globalThis.location?.href
    return gate.isOurs(originOf(url) === undefined && page ? resolveUrl(url, () => page) : url)
  }
  /** A relative URL is hardly meant for strangers. */
  function warn(url: string): void {
    if (!warned && originOf(url) === undefined) {
      console.warn(`${url} goes without a token: its origin is not in allowedOrigins`)
      warned = true
    }
  }

  function createAdapter(inner: unknown) {
    /** The caller's config stays as it is, without a token. */
    async function send(config: Config, pass?: Pass): Promise<Answer> {
      const headers = config.headers.concat(
        pass && { Authorization: `Bearer ${pass.session.accessToken}` },
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
      if (!isOurs(url)) {
        warn(url)
        return send(config)
      }
      const wait = createWait(config)
      const mayRepeat = !isStream(config.data)
      try {
        const pass = await wait(gate.enter(undefined, !mayRepeat))
        if (pass === undefined) return send(config)
        const [answer, failed] = await send(config, pass).then(
          (sent) => [sent, undefined] as const,
          (error: Failed) => [error.response, error] as const,
        )
        if (
          answer &&
          isOurs(answer.request?.responseURL || answer.request?.res?.responseUrl || url)
        ) {
          await gate.adopt((name) => answer.headers[name], pass)
          const isRefused = mayRepeat && answer.status === 401
          const next = isRefused
            ? await wait(gate.again(pass, undefined, parse(answer.data)))
            : undefined
          if (next !== undefined) return send(config, next)
        }
        if (failed !== undefined) throw failed as unknown as Error
        return answer
      } catch (error) {
        // Axios sends nothing that is cancelled, and rejects in its own words.
        if (error === CANCELLED) return send(config)
        throw error
      }
    }
    ours.add(adapter)
    return adapter
  }

  const id = interceptors.use((config) => {
    if (!ours.has(config.adapter as object)) config.adapter = createAdapter(config.adapter)
    return config
  })
  return () => {
    detached = true
    interceptors.eject(id)
  }
}

const CANCELLED = new Error('cancelled')

/** Bounds each wait of one request by what its caller bounds the request with. */
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

/** A body as it came; axios parses it later, after us. */
function parse(data: unknown): unknown {
  try {
    return typeof data === 'string' ? JSON.parse(data) : data
  } catch {
    return undefined
  }
}
