import type { Pass } from './gate.ts'
import { gateOf } from './gates.ts'
import type { TokenManager } from './token-manager.ts'

/** What is used of axios, by its shape: the package does not depend on it. */
type Config = { headers: { get(name: string): unknown; set(name: string, value: string): unknown }; signal?: unknown; data?: unknown; [PASSED]?: boolean }
type Answer = { status: number; headers: object; config: object; request?: { responseURL?: string } }
type Interceptors = { use(fulfilled: (value: never) => unknown, rejected?: (error: never) => unknown): number; eject(id: number): void }
export type AxiosLike = {
  request(config: never): Promise<unknown>
  getUri(config: never): string
  interceptors: { request: object; response: object }
}

const PASSED = '__autoRefreshed'

/**
 * Gives an axios instance what `request` has: the access token on calls to our origins, and one repetition of a 401 with a renewed
 * one. Any number of instances share one TokenManager and its one refresh. Returns what takes it off again.
 *
 * @example
 * const api = axios.create({ baseURL: 'https://api.example.com' })
 * attachAutoRefresh(api, new TokenManager({ baseURL: 'https://auth.example.com', allowedOrigins: ['https://api.example.com'] }))
 */
export function attachAutoRefresh(instance: AxiosLike, tokenManager: TokenManager): () => void {
  const gate = gateOf(tokenManager)
  const { request, response } = instance.interceptors as { request: Interceptors; response: Interceptors }
  const passes = new WeakMap<object, Pass>()
  const isOurs = (url: string) => gate.isOurs(new URL(url, `${tokenManager.baseURL}/`).origin)

  const onRequest = async (config: Config) => {
    if (config.headers.get('Authorization') || !isOurs(instance.getUri(config as never))) return config
    const pass = await gate.enter(config.signal as AbortSignal | undefined, isStream(config.data))
    if (pass === undefined) return config
    config.headers.set('Authorization', `Bearer ${pass.token}`)
    passes.set(config, pass)
    return config
  }
  /** The answer to the repeated request; undefined where the first answer stands. */
  async function repeat({ status, headers, config, request: sent }: Answer): Promise<unknown> {
    const pass = passes.get(config)
    const from = sent?.responseURL
    if (pass === undefined || (typeof from === 'string' && from !== '' && !isOurs(from))) return undefined
    await gate.adopt({ get: (name) => (headers as Record<string, string | undefined>)[name.toLowerCase()] ?? null }, pass)
    const { [PASSED]: passed, data, signal } = config as Config
    if (status !== 401 || passed === true || isStream(data)) return undefined
    const next = await gate.again(pass, signal as AbortSignal | undefined)
    if (next === undefined) return undefined
    // Its own way through the interceptors attaches the new token.
    const { Authorization: _, ...rest } = (config as { headers: Record<string, unknown> }).headers
    return instance.request({ ...config, headers: rest, [PASSED]: true } as never)
  }

  const requestId = request.use(onRequest as (value: never) => unknown)
  const responseId = response.use(
    (async (answer: Answer) => (await repeat(answer)) ?? answer) as (value: never) => unknown,
    (async (error: { response?: Answer }) => {
      const answered = error.response === undefined ? undefined : await repeat(error.response)
      if (answered === undefined) throw error
      return answered
    }) as (error: never) => unknown,
  )
  return () => {
    request.eject(requestId)
    response.eject(responseId)
  }
}

/** A Node stream or a web stream: gone once it was sent. */
const isStream = (data: unknown): boolean => typeof data === 'object' && data !== null && ('pipe' in data || 'getReader' in data)
