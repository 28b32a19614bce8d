import { AuthError } from './auth-error.ts'
import { within } from './pause.ts'
import { readAccessToken, type Session } from './session.ts'

export type TokenData = { access_token: string; refresh_token?: string; token_type: string; expires_in: number }
/** The API's answer, as the guide has it. */
export type Envelope<T = TokenData> = { status: number; message: string; data: T }
type Failure = { message?: string; error?: { code?: unknown; retryable?: unknown } }
type Call = { body: object; headers?: Record<string, string>; keepalive?: boolean }

export type AuthApi = ReturnType<typeof createAuthApi>

/** One call of the authentication API, with a deadline. It throws an `AuthError` and nothing else. */
export function createAuthApi({ baseURL, cookies, timeoutMs, fetch }: { baseURL: string; cookies: boolean; timeoutMs: number; fetch: typeof globalThis.fetch }) {
  async function exchange(path: string, { body, headers, keepalive }: Call, signal: AbortSignal): Promise<Envelope> {
    const response = await fetch(`${baseURL}/api/v1/auth/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(cookies ? { 'X-Auto-Refresh': '1' } : {}), ...headers },
      body: JSON.stringify(body),
      credentials: cookies ? 'include' : 'same-origin',
      cache: 'no-store',
      // A redirect would carry the password or the refresh token to wherever it points.
      redirect: 'error',
      keepalive: keepalive ?? false,
      signal,
    })
    const answer = (await response.json().catch(() => undefined)) as (Envelope & Failure) | undefined
    if (response.ok && answer?.data !== undefined) return answer
    throw toError(response, answer)
  }

  async function call(path: string, content: Call): Promise<Envelope> {
    const abort = new AbortController()
    const late = () => new AuthError('timeout', 'The server did not answer in time', { retryable: true })
    try {
      return await within(exchange(path, content, abort.signal), { ms: timeoutMs, late })
    } catch (cause) {
      abort.abort()
      throw cause instanceof AuthError ? cause : new AuthError('network_error', 'The server cannot be reached', { retryable: true, cause })
    }
  }
  /** The pair of an answer. One without an access token is not the API's: a captive portal says 200 too. */
  async function pair(path: string, content: Call): Promise<{ envelope: Envelope; session: Session }> {
    const envelope = await call(path, content)
    const { access_token: accessToken, refresh_token: refreshToken, expires_in: seconds } = (envelope.data ?? {}) as Partial<TokenData>
    if (typeof accessToken !== 'string') throw toError({ status: 200 }, undefined)
    const lifetimeMs = Number(seconds) > 0 ? Number(seconds) * 1000 : readAccessToken(accessToken).lifetimeMs
    return { envelope, session: { accessToken, refreshToken, receivedAt: Date.now(), lifetimeMs } }
  }
  return { call, pair }
}

function toError({ status, headers }: { status: number; headers?: Headers }, answer: Failure | undefined): AuthError {
  const { code, retryable } = answer?.error ?? {}
  const retryAfterMs = toMs(headers?.get('Retry-After'))
  // Without a code of ours it is not the API that speaks, and its status says nothing about the session.
  if (typeof code !== 'string') return new AuthError('unexpected_answer', 'The answer is not one of the API', { status, retryable: true, retryAfterMs })
  const again = retryable === true || status === 408 || status === 425 || status === 429 || status >= 500
  return new AuthError(code, answer?.message ?? code, { status, retryable: again, retryAfterMs })
}

/** Seconds or a date; a date by a wrong clock must not silence the client, so an hour at most. */
function toMs(retryAfter: string | null | undefined): number | undefined {
  if (retryAfter === null || retryAfter === undefined) return undefined
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now()
  return ms >= 0 ? Math.min(ms, 3_600_000) : undefined
}
