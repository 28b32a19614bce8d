import type { Pass } from './gate.ts'
import { isStream } from './is-stream.ts'
import type { TokenManager } from './token-manager.ts'

const REPEATED = '__autoRefreshRepeated'

/** What is used of axios, by its shape: the package does not depend on it. */
type Config = { headers: { get(name: string): unknown; set(name: string, value: string): unknown }; signal?: AbortSignal; data?: unknown; [REPEATED]?: boolean }
type Answer = { status: number; data?: unknown; headers: Record<string, string | undefined>; config: Config; request?: { responseURL?: string; res?: { responseUrl?: string } } }
type Interceptors = { use(fulfilled: (value: never) => unknown, rejected?: (error: never) => unknown): number; eject(id: number): void }
export type AxiosLike = {
  request(config: never): Promise<unknown>
  getUri(config: never): string
  interceptors: { request: object; response: object }
}

/**
 * Gives an axios instance what `request` has: the access token on calls to our origins, and one repetition of a 401 with a renewed
 * one. Any number of instances share one TokenManager and its one refresh. Returns what takes it off again.
 *
 * @example
 * const api = axios.create({ baseURL: 'https://api.example.com' })
 * attachAutoRefresh(api, new TokenManager({ baseURL: 'https://auth.example.com', allowedOrigins: ['https://api.example.com'] }))
 */
export function attachAutoRefresh(instance: AxiosLike, tokenManager: TokenManager): () => void {
  const { gate } = tokenManager
  const { request, response } = instance.interceptors as { request: Interceptors; response: Interceptors }
  const passes = new WeakMap<object, Pass>()
  // Where axios sends a relative URL to: the page's origin, which gets a token only as one of `allowedOrigins`.
  const isOurs = (url: string) => URL.canParse(url, globalThis.location?.href) && gate.isOurs(new URL(url, globalThis.location?.href))
  let warned = false

  async function attach(config: Config): Promise<Config> {
    if (config.headers.get('Authorization')) return config
    const url = instance.getUri(config as never)
    if (!isOurs(url)) {
      // A relative URL is hardly meant for strangers.
      if (!warned && !URL.canParse(url)) console.warn(`${url} goes without a token: its origin is not in allowedOrigins`)
      warned ||= !URL.canParse(url)
      return config
    }
    const pass = await gate.enter(config.signal, isStream(config.data))
    if (pass === undefined) return config
    config.headers.set('Authorization', `Bearer ${pass.session.accessToken}`)
    passes.set(config, pass)
    return config
  }
  /** The answer to the repeated request; undefined where the first answer stands. */
  async function repeat({ status, headers, config, data, request: sent }: Answer): Promise<unknown> {
    const pass = passes.get(config)
    if (pass === undefined || !isOurs(sent?.responseURL || sent?.res?.responseUrl || instance.getUri(config as never))) return undefined
    await gate.adopt((name) => headers[name], pass)
    if (status !== 401 || config[REPEATED] === true || isStream(config.data)) return undefined
    if ((await gate.again(pass, config.signal, data)) === undefined) return undefined
    // Its own way through the interceptors attaches the new token.
    const { Authorization: _, ...rest } = config.headers as { Authorization?: unknown }
    return instance.request({ ...config, headers: rest, [REPEATED]: true } as never)
  }
  const judge = async (answer: Answer) => (await repeat(answer)) ?? answer
  const judgeError = async (error: { response?: Answer }) => {
    const answered = error.response && (await repeat(error.response))
    if (answered === undefined) throw error
    return answered
  }

  const requestId = request.use(attach)
  const responseId = response.use(judge, judgeError)
  return () => {
    request.eject(requestId)
    response.eject(responseId)
  }
}
