import { createAuthApi, type Envelope } from './auth-api.ts'
import { AuthError } from './auth-error.ts'
import { createCookieState, SIGNED_OUT } from './cookie-state.ts'
import { createEvents, type Events } from './events.ts'
import { createRequestAuth, type RequestAuth } from './request-auth.ts'
import { within } from './pause.ts'
import { createRefresher } from './create-refresher.ts'
import { createRenewal } from './create-renewal.ts'
import { createSend, type AuthRequestInit } from './send.ts'
import { generationOf, sessionIdOf, toSession, type Session } from './session.ts'
import { createSessionStore, type SessionStore } from './session-store.ts'
import { bindStorage } from './storage/bind-storage.ts'
import { defaultStorage } from './storage/default-storage.ts'
import type { TokenStorage } from './storage/token-storage.ts'
import { originOf, readBaseURL } from './url.ts'

export type TokenManagerOptions = {
  /**
   * Base URL of the authentication API; relative URLs of `request` start here. A relative one
   * starts at the page; on a server it throws `base_url_relative` when it is used. The session is
   * stored for this URL. Default `http://localhost:8000`.
   */
  baseURL?: string
  /** Storage of the session. Default: `localStorage` if available, else memory. */
  storage?: TokenStorage
  /**
   * `body` (default): the refresh token is in the storage. `cookie`: it is in an HttpOnly cookie
   * that no script can read.
   */
  transport?: 'body' | 'cookie'
  /**
   * Refresh when the access token has this many seconds left, but never before half of its life.
   * Default 300.
   */
  threshold?: number
  /** Deadline of one call of the authentication API in milliseconds. Default 8000. */
  timeoutMs?: number
  /**
   * Further origins that receive the access token, such as `https://api.example.com`. The origin of
   * `baseURL` always does.
   */
  allowedOrigins?: readonly string[]
  /** Replaces the global `fetch`. */
  fetch?: typeof globalThis.fetch
}

/** State of the session, without a request. */
export type SessionInfo = {
  sessionId?: string | undefined
  /** Number of refreshes of the session. Absent with the cookie transport. */
  generation?: number | undefined
  /** Remaining life of the access token in milliseconds. */
  expiresInMs: number
}

function toOrigin(url: string): string {
  const origin = originOf(url)
  if (origin === undefined) throw new TypeError(`allowedOrigins: "${url}" is not an http(s) URL`)
  return origin
}

/**
 * Keeps one user signed in: attaches the access token, refreshes it before it expires, once for all
 * tabs and requests, and ends the session only if the server does.
 */
export class TokenManager {
  /**
   * `request` with the type of `fetch`, for ky, openapi-fetch or a query function. Every method
   * here is bound.
   */
  readonly fetch: typeof globalThis.fetch
  /**
   * Like `fetch`, with the access token. Resolves with the server's response; a 401 has already
   * been repeated once with a refreshed token. Rejects with a retryable `AuthError` if the token
   * has expired and cannot be refreshed right now.
   */
  readonly request: (input: string | URL | Request, init?: AuthRequestInit) => Promise<Response>
  /**
   * Signs in. Resolves with the API's response; rejects with an `AuthError`, `invalid_credentials`
   * for a wrong name or password.
   */
  readonly login: (username: string, password: string) => Promise<Envelope>
  /**
   * Refreshes the pair now, or joins a refresh in progress. Rejects with an `AuthError`,
   * `refresh_token_missing` if not signed in.
   */
  readonly refreshTokens: () => Promise<Envelope>
  /**
   * Removes the tokens at once, then ends the session at the server. Never rejects: without the
   * server the tokens are removed all the same.
   */
  readonly logout: () => Promise<void>
  /** Calls `listener` for each such event. Returns a function that unsubscribes. */
  readonly on: Events['on']
  /**
   * Stops the timer and the listeners of this instance; the session is kept. Using the instance
   * again (`on`, `request`, `login`, `refreshTokens`) restarts them, as React's StrictMode does.
   */
  readonly dispose: () => void
  /** For `attachAutoRefresh`. @internal */
  readonly auth: RequestAuth
  readonly #store: SessionStore
  readonly #baseURL: () => string

  constructor(options: TokenManagerOptions = {}) {
    const {
      baseURL: base = 'http://localhost:8000',
      transport,
      threshold,
      timeoutMs = 8000,
      allowedOrigins = [],
    } = options
    let known = readBaseURL(base)
    const server = known ?? base
    const baseURL = () => {
      known ??= readBaseURL(base)
      if (known === undefined)
        throw new AuthError('base_url_relative', {
          message: `baseURL "${base}" is relative, and there is no page: use an absolute URL`,
        })
      return known
    }
    const storage = bindStorage(options.storage ?? defaultStorage(), server)
    const fetch: typeof globalThis.fetch =
      options.fetch ?? ((...request) => globalThis.fetch(...request))
    const allowed = new Set(allowedOrigins.map(toOrigin))
    const isAllowed = (url: string) => {
      const origin = originOf(url)
      return origin !== undefined && (allowed.has(origin) || origin === originOf(known ?? ''))
    }
    const cookies = transport === 'cookie'
    const events = createEvents()
    const api = createAuthApi({ baseURL, cookies, timeoutMs, fetch })
    const name = `auto-refresh ${server}`
    const cookieState = cookies ? createCookieState(name) : undefined
    const thresholdMs = (threshold !== undefined && threshold >= 0 ? threshold : 300) * 1000
    const store = createSessionStore({ storage, events, thresholdMs, cookies })
    const refresh = createRefresher({ api, store, events, storage, name, cookie: cookieState })
    const renewal = createRenewal({ store, refresh })
    const { start } = renewal
    const auth = createRequestAuth({ store, refresh, isAllowed, start, cookie: cookieState })
    // Numbers of the latest sign-in or sign-out that was started, and of the latest that took
    // effect.
    let begun = 0
    let counts = 0

    /**
     * Ends a session at the server. With the cookie transport the sign-out stays pending until the
     * server has answered, and the next page load retries it.
     */
    const revoke = (session: Session | undefined) => {
      cookieState?.write(SIGNED_OUT)
      const headers = session && { Authorization: `Bearer ${session.accessToken}` }
      return api('logout', { refresh_token: session?.refreshToken }, headers).then(
        // Unless the user has signed in since.
        () => void (cookieState?.read() === SIGNED_OUT && cookieState.write()),
        (error: AuthError) => events.emit('error', error),
      )
    }

    this.#store = store
    this.#baseURL = baseURL
    this.auth = auth
    this.request = createSend({ auth, baseURL, fetch })
    this.fetch = this.request
    this.on = (event, listener) => {
      start()
      return events.on(event, listener)
    }
    this.dispose = renewal.stop
    this.login = async (username, password) => {
      start()
      const mine = (begun += 1)
      // Its answer would replace the cookie of the new session.
      if (cookies) await within(refresh.current(), timeoutMs).catch(() => {})
      const answer = await api('token', { username, password, ...(cookies && { transport }) })
      const session = toSession(answer.data)
      if (mine < counts) {
        void revoke(session)
        throw new AuthError('superseded')
      }
      // With cookies the last answer wins, because the browser stores it.
      if (!cookies) counts = mine
      cookieState?.write()
      await store.start(session)
      refresh.retryNow()
      return answer
    }
    this.refreshTokens = async () => {
      start()
      await store.load()
      const { accessToken: access_token, refreshToken: refresh_token } = await refresh()
      const data = {
        access_token,
        refresh_token,
        token_type: 'bearer',
        expires_in: Math.round(store.leftMs() / 1000),
      }
      return { status: 200, message: '', data }
    }
    this.logout = async () => {
      counts = begun += 1
      const { current } = store
      const removed = store.end('logout')
      if (current !== undefined || cookies) await revoke(current)
      await removed
    }
    start()
  }

  /** Read-only: assigning to it throws. */
  get baseURL(): string {
    return this.#baseURL()
  }

  get accessToken(): string | null {
    return this.#store.current?.accessToken ?? null
  }

  /** Always null with the cookie transport. */
  get refreshToken(): string | null {
    return this.#store.current?.refreshToken ?? null
  }

  /** Null if not signed in. */
  get session(): SessionInfo | null {
    const { current, leftMs } = this.#store
    return current === undefined
      ? null
      : {
          sessionId: sessionIdOf(current),
          generation: generationOf(current),
          expiresInMs: leftMs(),
        }
  }
}
