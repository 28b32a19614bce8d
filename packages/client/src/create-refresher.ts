import { AuthError, isTerminal } from './auth-error.ts'
import type { AuthApi } from './auth-api.ts'
import { SIGNED_OUT, type CookieState } from './cookie-state.ts'
import type { Events } from './events.ts'
import { backoffMs, pause } from './pause.ts'
import { isSamePair, toSession, type Session } from './session.ts'
import type { SessionStore } from './session-store.ts'
import type { TokenStorage } from './storage/token-storage.ts'
import { withLock } from './with-lock.ts'

/**
 * Total time of the retries of one refresh. The timer starts the next ones, under the same
 * Idempotency-Key.
 */
const RETRY_FOR_MS = 25_000
const COOL_DOWN_MS = 1000
/** Safety limit against an unexpected loop. */
const MAX_PER_MINUTE = 30
/**
 * Delays after which a tab that lost a race looks for the winner's pair, before it accepts a
 * refusal.
 */
const REREAD_DELAYS_MS = [0, 100, 400]

/** Refreshes in progress in this tab, over all instances with the same storage. */
const flights = new WeakMap<TokenStorage, Promise<Session>>()

/** `cookie` is defined with the cookie transport. */
type Deps = {
  api: AuthApi
  store: SessionStore
  events: Events
  storage: TokenStorage
  name: string
  cookie: CookieState | undefined
}
/**
 * `current` resolves when no refresh is in progress; `retryNow` ends the wait for the next retry.
 */
export type Refresh = (() => Promise<Session>) & { current(): Promise<unknown>; retryNow(): void }

const missing = () => new AuthError('refresh_token_missing')

/**
 * Returns a unique value, which is no secret: `crypto.randomUUID` is missing on pages without TLS,
 * and all of `crypto` in React Native.
 */
function createAttemptKey(): string {
  const words = new Uint32Array(4).map(() => Math.random() * 2 ** 32)
  return (globalThis.crypto?.getRandomValues(words) ?? words).join('-')
}

/**
 * Refreshes the pair, one refresh at a time. It retries with the same token and the same
 * Idempotency-Key while the failure may be temporary, and ends the session only if the server
 * refuses it.
 */
export function createRefresher({
  api,
  store,
  events,
  storage,
  name,
  cookie: cookieState,
}: Deps): Refresh {
  const lockName = (storage.shared === true || cookieState !== undefined) && name
  let starts = 0
  let minuteEnd = 0
  let failed: AuthError | undefined
  let coolDownUntil = 0
  let wake = () => {}

  async function attempt(stale: Session | undefined, spareKey: string): Promise<Session> {
    const session = await store.load()
    // Another tab has refreshed in the meantime.
    if (session !== undefined && !isSamePair(session, stale) && store.status() === 'live')
      return session
    // If nothing is stored, the cookie may still have a session, unless the user has just signed
    // out.
    if (session === undefined && (cookieState === undefined || stale !== undefined)) throw missing()
    if (performance.now() > minuteEnd) {
      minuteEnd = performance.now() + 60_000
      starts = 0
    }
    starts += 1
    if (starts > MAX_PER_MINUTE) {
      if (session !== undefined && store.status() === 'live') return session
      throw new AuthError('too_many_refreshes', { retryable: true, retryAfterMs: 60_000 })
    }
    const attemptKey = (cookieState ? cookieState.read() : session?.attemptKey) ?? spareKey
    const signedOut = attemptKey === SIGNED_OUT
    const { epoch } = store
    // Stored before sending, so that a lost answer can be fetched again under this key, even after
    // a reload.
    if (cookieState) cookieState.write(attemptKey)
    else if (session !== undefined && session.attemptKey === undefined)
      await store.save({ ...session, attemptKey })
    const clearKey = () => cookieState?.read() === attemptKey && cookieState.write()
    try {
      if (cookieState === undefined && session?.refreshToken === undefined) throw missing()
      const { data } = await api(
        signedOut ? 'logout' : 'refresh',
        { refresh_token: session?.refreshToken },
        {
          'Idempotency-Key': attemptKey,
          // If there are several cookies, the session of this token wins, even if the token has
          // expired.
          ...(cookieState && session && { Authorization: `Bearer ${session.accessToken}` }),
        },
      )
      clearKey()
      if (signedOut) throw missing()
      await store.commit(toSession(data), session, epoch)
    } catch (error) {
      const over = isTerminal(error as AuthError) || (signedOut && !(error as AuthError).retryable)
      if (over) clearKey()
      for (const ms of over ? REREAD_DELAYS_MS : []) {
        await pause(ms)
        const now = await store.load()
        if (now !== undefined && !isSamePair(now, session)) return now
      }
      if (over && store.epoch === epoch) await store.end((error as AuthError).code)
      throw error
    }
    // If the answer was outdated, the store has a newer pair, or the user has signed out.
    if (store.current === undefined) throw missing()
    return store.current
  }

  async function run(stale: Session | undefined): Promise<Session> {
    const deadline = performance.now() + RETRY_FOR_MS
    const key = createAttemptKey()
    for (let tries = 0; ; tries += 1) {
      try {
        return await withLock(lockName, () => attempt(stale, key))
      } catch (error) {
        const { retryable, retryAfterMs = 0 } = error as AuthError
        const waitMs = retryAfterMs + backoffMs(tries)
        if (!retryable || performance.now() + waitMs > deadline) throw error
        await Promise.race([pause(waitMs), new Promise<void>((resolve) => (wake = resolve))])
      }
    }
  }

  async function start(): Promise<Session> {
    // The server asked for a longer wait than callers have: until then they get the same error
    // without a request.
    if (performance.now() < coolDownUntil) throw failed
    try {
      return await run(store.current)
    } catch (cause) {
      const error =
        cause instanceof AuthError
          ? cause
          : new AuthError('storage_failed', { retryable: true, cause })
      if (store.current !== undefined) events.emit('error', error)
      if (error.retryable) coolDownUntil = performance.now() + (error.retryAfterMs || COOL_DOWN_MS)
      failed = error
      throw error
    }
  }

  async function refresh(): Promise<Session> {
    const flight = flights.get(storage) ?? start().finally(() => flights.delete(storage))
    flights.set(storage, flight)
    const session = await flight
    // The refresh may have been another instance's.
    return (await store.load()) ?? session
  }
  return Object.assign(refresh, {
    current: async () => flights.get(storage),
    retryNow() {
      coolDownUntil = 0
      wake()
    },
  })
}
