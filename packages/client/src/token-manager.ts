import { createAuthApi, type Envelope } from './auth-api.ts'
import { AuthError } from './auth-error.ts'
import { createCookieNote, SIGNED_OUT } from './cookie-note.ts'
import { createEvents, type Events } from './events.ts'
import { createGate, type Gate } from './gate.ts'
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
   * Where the authentication API is; relative URLs of `request` start here. One that is relative
   * starts at the page, and on a server throws `base_url_relative` when it is needed. The session
   * is stored for this URL. Default `http://localhost:8000`.
   */
  baseURL?: string
  /** Where the session is kept. Default `localStorage` where there is one, else memory. */
  storage?: TokenStorage
  /**
   * `body` (default): the refresh token is in the storage. `cookie`: it is in an HttpOnly cookie,
   * which no script can read.
   */
  transport?: 'body' | 'cookie'
  /**
   * Renew when the access token has this many seconds left, but never before half its life. Default
   * 300.
   */
  threshold?: number
  /** Deadline of one call of the authentication API, milliseconds. Default 8000. */
  timeoutMs?: number
  /**
   * Further origins that may see the access token, such as `https://api.example.com`. That of
   * `baseURL` always may.
   */
  allowedOrigins?: readonly string[]
  /** Instead of the global `fetch`. */
  fetch?: typeof globalThis.fetch
}

/** What is known of the session without asking anybody. */
export type SessionInfo = {
  sessionId?: string | undefined
  /** How often the session was renewed. Absent with the cookie transport. */
  generation?: number | undefined
  /** Milliseconds that the access token has left. */
  expiresInMs: number
}

function toOrigin(url: string): string {
  const origin = originOf(url)
  if (origin === undefined) throw new TypeError(`allowedOrigins: "${url}" is not an http(s) URL`)
  return origin
}

/**
 * Keeps one user signed in: attaches the access token, renews it before it expires, once for all
 * tabs and requests, and ends the session only when the server says that it is over.
 *
 * @example
 * const tokenManager = new TokenManager({ baseURL: 'https://auth.example.com' })
 * await tokenManager.login('ayu', 'correct horse battery')
 * const response = await tokenManager.request('/api/v1/cases')
 * tokenManager.on('session-ended', ({ reason }) => location.assign(`/login?reason=${reason}`))
 */
export class TokenManager {
  /**
   * `request` in the shape of `fetch`: hand it to ky, openapi-fetch or a query function. Every
   * method here is bound.
   */
  readonly fetch: typeof globalThis.fetch
  /**
   * As `fetch`, with the access token. It resolves with whatever the server answered; a 401 was
   * then repeated once with a renewed token already. It rejects with a retryable `AuthError` when
   * the token has expired and cannot be renewed right now.
   */
  readonly request: (input: string | URL | Request, init?: AuthRequestInit) => Promise<Response>
  /**
   * Signs in and resolves with the API's answer. A refusal is an `AuthError`, `invalid_credentials`
   * for a wrong name or password.
   */
  readonly login: (username: string, password: string) => Promise<Envelope>
  /**
   * Renews the pair now, joining a refresh that is under way. Rejects with an `AuthError`,
   * `refresh_token_missing` when nobody is signed in.
   */
  readonly refreshTokens: () => Promise<Envelope>
  /**
   * Forgets the tokens at once, then tells the server, which ends the session. The promise never
   * rejects: without the server they are forgotten all the same.
   */
  readonly logout: () => Promise<void>
  /** Calls `listener` after each such event, until the function that it returns is called. */
  readonly on: Events['on']
  /**
   * Ends the timer and the listeners of this instance; the session stands. Using it again (`on`,
   * `request`, `login`, `refreshTokens`) starts them again, as React's StrictMode does.
   */
  readonly dispose: () => void
  /** For `attachAutoRefresh`. @internal */
  readonly gate: Gate
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
    const isOurs = (url: string) => {
      const origin = originOf(url)
      return origin !== undefined && (allowed.has(origin) || origin === originOf(known ?? ''))
    }
    const cookies = transport === 'cookie'
    const events = createEvents()
    const api = createAuthApi({ baseURL, cookies, timeoutMs, fetch })
    const name = `auto-refresh ${server}`
    const note = cookies ? createCookieNote(name) : undefined
    const thresholdMs = (threshold !== undefined && threshold >= 0 ? threshold : 300) * 1000
    const store = createSessionStore({ storage, events, thresholdMs, cookies })
    const refresh = createRefresher({ api, store, events, storage, name, note })
    const renewal = createRenewal({ store, refresh })
    const revive = renewal.start
    const gate = createGate({ store, refresh, isOurs, revive, note })
    // Sign-ins and sign-outs in the order in which they were begun, and the last of them that
    // counts.
    let begun = 0
    let counts = 0

    /**
     * Ends a session at the server. A cookie stays marked until the server has answered: the next
     * page load tries again.
     */
    const revoke = (session: Session | undefined) => {
      note?.write(SIGNED_OUT)
      const headers = session && { Authorization: `Bearer ${session.accessToken}` }
      return api('logout', { refresh_token: session?.refreshToken }, headers).then(
        // Unless somebody has signed in meanwhile.
        () => void (note?.read() === SIGNED_OUT && note.write()),
        (error: AuthError) => events.emit('error', error),
      )
    }

    this.#store = store
    this.#baseURL = baseURL
    this.gate = gate
    this.request = createSend({ gate, baseURL, fetch })
    this.fetch = this.request
    this.on = (event, listener) => {
      revive()
      return events.on(event, listener)
    }
    this.dispose = renewal.stop
    this.login = async (username, password) => {
      revive()
      const mine = (begun += 1)
      // Its answer would put the cookie of the session before in place of the new one.
      if (cookies) await within(refresh.underWay(), timeoutMs).catch(() => {})
      const answer = await api('token', { username, password, ...(cookies && { transport }) })
      const session = toSession(answer.data)
      if (mine < counts) {
        void revoke(session)
        throw new AuthError('superseded')
      }
      // Of a cookie the last answer counts: there it stays.
      if (!cookies) counts = mine
      note?.write()
      await store.start(session)
      refresh.hurry()
      return answer
    }
    this.refreshTokens = async () => {
      revive()
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
    revive()
  }

  /** Fixed: assigning to it throws. */
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

  /** Null when nobody is signed in. */
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
