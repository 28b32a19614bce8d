import { AuthError } from './auth-error.ts'
import { within } from './pause.ts'
import type { TokenData } from './session.ts'

/** A successful response of the API, as the guide shows it. */
export type Envelope<T = TokenData> = { status: number; message: string; data: T }
export type Failure =
  { message?: string; error?: { code?: unknown; retryable?: unknown } } | null | undefined

/** Limit for `Retry-After`: a maintenance page may ask for an hour and be gone in a minute. */
const MAX_RETRY_AFTER_MS = 60_000
const MAX_FOREIGN_RETRY_AFTER_MS = 5000

/** Calls the authentication API. Rejects only with an `AuthError`. */
export type AuthApi = (
  path: 'token' | 'refresh' | 'logout',
  body: object,
  headers?: Record<string, string>,
) => Promise<Envelope>

export function createAuthApi({
  baseURL,
  cookies,
  timeoutMs,
  fetch,
}: {
  baseURL: () => string
  cookies: boolean
  timeoutMs: number
  fetch: typeof globalThis.fetch
}): AuthApi {
  return async (path, content, headers) => {
    const abort = new AbortController()
    const exchange = async () => {
      const response = await fetch(`${baseURL()}/api/v1/auth/${path}`, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          ...(cookies && { 'X-Auto-Refresh': '1' }),
          ...headers,
        },
        body: JSON.stringify(content),
        credentials: cookies ? 'include' : 'same-origin',
        // A redirect could send the password or the refresh token to another address.
        redirect: 'error',
        // Many pages are left right after a sign-out, and browsers accept the cookie of a response
        // even then.
        keepalive: cookies || path === 'logout',
        signal: abort.signal,
      })
      const answer = (await response.json().catch(() => {})) as (Envelope & Failure) | undefined
      // A captive portal also answers 200; without the expected data it is not the API.
      if (response.ok && (path === 'logout' ? answer?.status : answer?.data?.access_token))
        return answer as Envelope
      throw toError(response, answer)
    }
    try {
      return await within(exchange(), timeoutMs)
    } catch (cause) {
      abort.abort()
      throw cause instanceof AuthError
        ? cause
        : new AuthError(cause === undefined ? 'timeout' : 'network_error', {
            retryable: true,
            cause,
          })
    }
  }
}

/**
 * Returns the seconds of either form of RFC 9110. A date is compared with the response's own `Date`
 * where the page can read it, because the local clock may be wrong.
 */
function readRetryAfter(headers: Headers): number {
  const value = headers.get('Retry-After') ?? ''
  const nowMs = Date.parse(headers.get('Date') ?? '') || Date.now()
  return Number(value) || (Date.parse(value) - nowMs) / 1000
}

function toError({ status, headers }: Response, answer: Failure): AuthError {
  const { message = '', error } = answer ?? {}
  const code = typeof error?.code === 'string' ? error.code : undefined
  const seconds = readRetryAfter(headers)
  const retryAfterMs =
    seconds > 0
      ? Math.min(
          seconds * 1000,
          code === undefined ? MAX_FOREIGN_RETRY_AFTER_MS : MAX_RETRY_AFTER_MS,
        )
      : 0
  // Without an error code of the API the status says nothing about the session.
  return new AuthError(code ?? 'unexpected_answer', {
    status,
    message,
    retryable: code === undefined || error?.retryable !== false,
    retryAfterMs,
  })
}
