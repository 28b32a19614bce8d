import { createAuthApi, type Envelope } from './auth-api.ts'
import { AuthError } from './auth-error.ts'
import { createEvents, type AuthEvents } from './events.ts'
import { createGate } from './gate.ts'
import { setGate } from './gates.ts'
import { createLifetime } from './lifetime.ts'
import { createRefresher, type Refresh } from './refresher.ts'
import { createRenewal } from './renewal.ts'
import { createSend, type AuthRequestInit, type Send } from './send.ts'
import { readRefreshToken } from './session.ts'
import { createSessionStore, type SessionStore } from './session-store.ts'
import { defaultStorage } from './storage/default-storage.ts'
import type { TokenStorage } from './storage/token-storage.ts'

export type TokenManagerOptions = {
  /** Where the authentication API is; relative URLs of `request` start here. Default `http://localhost:8000`. */
  baseURL?: string
  /** Where the session is kept. Default `localStorage` where there is one, else memory. */
  storage?: TokenStorage
  /** `body` (default): the refresh token is in the storage. `cookie`: it is in an HttpOnly cookie, which no script can read. */
  transport?: 'body' | 'cookie'
  /** Renew when the access token has this many seconds left, but never before half its life. Default 300. */
  threshold?: number
  /** Deadline of one call of the authentication API, milliseconds. Default 8000. */
  timeoutMs?: number
  /** Further origins that may see the access token, such as `https://api.example.com`. That of `baseURL` always may. */
  allowedOrigins?: readonly string[]
  /** Instead of the global `fetch`. */
  fetch?: typeof globalThis.fetch
}

/** What is known of the session without asking anybody. */
export type SessionInfo = {
  /** Absent with the cookie transport. */
  sessionId: string | undefined
  /** How often the session was renewed; absent with the cookie transport. */
  generation: number | undefined
  /** Milliseconds that the access token has left. */
  expiresInMs: number
}

/**
 * Keeps one user signed in: attaches the access token, renews it before it expires, once for all tabs and requests, and ends the
 * session only when the server says that it is over.
 *
 * @example
 * const tokenManager = new TokenManager({ baseURL: 'https://auth.example.com' })
 * await tokenManager.login('ayu', 'correct horse battery')
 * const response = await tokenManager.request('/api/v1/cases')
 * tokenManager.on('session-ended', ({ reason }) => location.assign(`/login?reason=${reason}`))
 */
export class TokenManager {
  readonly baseURL: string
  /** `request` in the shape of `fetch`, bound: hand it to ky, openapi-fetch or a query function. */
  readonly fetch: typeof globalThis.fetch
  /** Resolves when the storage was read for the first time; with localStorage there is nothing to wait for. */
  readonly ready: Promise<void>
  readonly #events = createEvents()
  readonly #store: SessionStore
  readonly #lifetime: ReturnType<typeof createLifetime>
  readonly #api: ReturnType<typeof createAuthApi>
  readonly #refresh: Refresh
  readonly #renewal: ReturnType<typeof createRenewal>
  readonly #send: Send
  readonly #cookies: boolean

  constructor(options: TokenManagerOptions = {}) {
    const { baseURL = 'http://localhost:8000', storage = defaultStorage(), transport = 'body', threshold = 300, timeoutMs = 8000, allowedOrigins = [] } = options
    const url = new URL(baseURL, globalThis.location?.href)
    const fetch: typeof globalThis.fetch = options.fetch ?? ((...request) => globalThis.fetch(...request))
    const cookies = (this.#cookies = transport === 'cookie')
    const events = this.#events
    this.baseURL = url.href.replace(/\/$/, '')
    const api = (this.#api = createAuthApi({ baseURL: this.baseURL, cookies, timeoutMs, fetch }))
    const store = (this.#store = createSessionStore({ storage, events }))
    const lifetime = (this.#lifetime = createLifetime({ store, thresholdSeconds: threshold }))
    const refresh = (this.#refresh = createRefresher({ api, store, lifetime, events, storage, baseURL: this.baseURL, cookies }))
    const gate = createGate({ store, lifetime, refresh, origins: new Set([url.origin, ...allowedOrigins.map((origin) => new URL(origin).origin)]), cookies })
    this.#send = createSend({ gate, baseURL: this.baseURL, fetch })
    this.fetch = this.#send as typeof globalThis.fetch
    setGate(this, gate)
    this.#renewal = createRenewal({ store, lifetime, refresh })
    this.ready = Promise.resolve(store.load()).then(() => {})
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
    const { current } = this.#store
    if (current === undefined) return null
    const { sessionId, generation } = readRefreshToken(current.refreshToken) ?? {}
    return { sessionId, generation, expiresInMs: this.#lifetime.leftMs() }
  }

  /** Signs in and resolves with the API's answer. A refusal is an `AuthError`, `invalid_credentials` for a wrong name or password. */
  async login(username: string, password: string): Promise<Envelope> {
    const { envelope, session } = await this.#api.pair('token', { body: { username, password, ...(this.#cookies ? { transport: 'cookie' } : {}) } })
    await this.#store.start(session)
    return envelope
  }

  /**
   * As `fetch`, with the access token. It resolves with whatever the server answered; a 401 was then repeated once with a renewed
   * token already. It rejects with a retryable `AuthError` when the token has expired and cannot be renewed right now.
   */
  request(input: string | URL | Request, init?: AuthRequestInit): Promise<Response> {
    return this.#send(input, init)
  }

  /** Renews the pair now, joining a refresh that is under way. Rejects with an `AuthError`, `refresh_token_missing` when nobody is signed in. */
  async refreshTokens(): Promise<Envelope> {
    await this.#store.load()
    const { accessToken, refreshToken } = await this.#refresh()
    return {
      status: 200,
      message: 'Token refreshed successfully',
      data: { access_token: accessToken, ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }), token_type: 'bearer', expires_in: Math.floor(this.#lifetime.leftMs() / 1000) },
    }
  }

  /** Forgets the tokens at once, then tells the server, which ends the session. The promise never rejects: without the server they are forgotten all the same. */
  async logout(): Promise<void> {
    const { current } = this.#store
    const removed = this.#store.end('logout')
    if (current !== undefined || this.#cookies) {
      const { accessToken, refreshToken } = current ?? {}
      const headers = accessToken === undefined || accessToken === '' ? {} : { Authorization: `Bearer ${accessToken}` }
      // It outlives the page: signing out is often followed by leaving it.
      await this.#api.call('logout', { body: refreshToken === undefined ? {} : { refresh_token: refreshToken }, headers, keepalive: true }).catch((error: AuthError) => this.#events.emit('error', error))
    }
    await removed
  }

  /** Calls `listener` after each such event, until the function that it returns is called. */
  on<E extends keyof AuthEvents>(event: E, listener: (payload: AuthEvents[E]) => void): () => void {
    return this.#events.on(event, listener)
  }

  /** Ends the timer and the listeners of this instance; the session stands. */
  dispose(): void {
    this.#renewal.dispose()
    this.#store.dispose()
  }
}
