import { AuthError, isTerminal } from './auth-error.ts'
import type { AuthApi } from './auth-api.ts'
import type { Events } from './events.ts'
import type { Lifetime } from './lifetime.ts'
import { backoffMs, pause } from './pause.ts'
import { isSamePair, type Session } from './session.ts'
import type { SessionStore } from './session-store.ts'
import type { TokenStorage } from './storage/token-storage.ts'
import { withLock } from './with-lock.ts'

/** The whole schedule of tries; later ones are the timer's, under the same Idempotency-Key. */
const RETRY_FOR_MS = 25_000
/** The last resort against a loop that nobody foresaw. */
const MAX_PER_MINUTE = 30
/** A tab that lost a race looks for the winner's pair this often before it believes a refusal. */
const LOOK_AGAIN_MS = [0, 100, 400]

/** Refreshes under way in this tab, over all instances with the same storage and server. */
const flights = new WeakMap<TokenStorage, Map<string, Promise<Session>>>()

type Deps = { api: AuthApi; store: SessionStore; lifetime: Lifetime; events: Events; storage: TokenStorage; baseURL: string; cookies: boolean }
export type Refresh = () => Promise<Session>

/**
 * Renews the pair: one refresh at a time, tried again with the same token and the same Idempotency-Key for as long as the failure
 * may pass, and ended only by a refusal that says that the session is over.
 */
export function createRefresher({ api, store, lifetime, events, storage, baseURL, cookies }: Deps): Refresh {
  const mine = flights.get(storage) ?? new Map<string, Promise<Session>>()
  flights.set(storage, mine)
  const lockName = storage.shared === true || cookies ? `auto-refresh ${baseURL}` : undefined
  let starts: number[] = []
  let rest: { until: number; error: AuthError; epoch: number } | undefined

  function countStart() {
    const now = performance.now()
    starts = starts.filter((at) => now - at < 60_000)
    const [oldest = now] = starts
    if (starts.length >= MAX_PER_MINUTE) throw new AuthError('too_many_refreshes', 'Refreshed too often within a minute', { retryable: true, retryAfterMs: oldest + 60_000 - now })
    starts.push(now)
  }

  async function attempt(stale: Session | undefined, spareKey: string): Promise<Session> {
    const session = await store.load()
    // Another tab has been here in the meantime.
    if (session !== undefined && !isSamePair(session, stale) && lifetime.freshness() === 'live') return session
    if (session === undefined && stale !== undefined) throw new AuthError('signed_out', 'Signed out while the token was refreshed')
    if (!cookies && session?.refreshToken === undefined) throw new AuthError('refresh_token_missing', 'No refresh token available')
    const attemptKey = session?.attemptKey ?? spareKey
    const { epoch } = store
    countStart()
    // Before it is sent: an answer that gets lost is fetched again under this key, after a reload too.
    if (session !== undefined && session.attemptKey === undefined) await store.save({ ...session, attemptKey })
    if (store.epoch !== epoch) return attempt(stale, spareKey)
    try {
      const { session: next } = await api.pair('refresh', {
        body: cookies ? {} : { refresh_token: session?.refreshToken },
        headers: { 'Idempotency-Key': attemptKey },
      })
      // Where the answer is of no use any more, a newer pair stands there, or nobody is signed in.
      await store.commit(next, session, epoch)
      if (store.current === undefined) throw new AuthError('signed_out', 'Signed out while the token was refreshed')
      return store.current
    } catch (error) {
      return refused(error as AuthError, session, epoch)
    }
  }

  async function refused(error: AuthError, sent: Session | undefined, epoch: number): Promise<Session> {
    const over = isTerminal(error) || (cookies && error.code === 'refresh_token_missing')
    if (!over) throw error
    for (const ms of LOOK_AGAIN_MS) {
      await pause(ms)
      const now = await store.load()
      if (now !== undefined && !isSamePair(now, sent)) return now
    }
    if (store.epoch === epoch) await store.end(error.code)
    throw error
  }

  async function run(stale: Session | undefined): Promise<Session> {
    const deadline = performance.now() + RETRY_FOR_MS
    const key = randomKey()
    for (let tries = 0; ; tries += 1) {
      try {
        return await withLock(lockName, () => attempt(stale, key))
      } catch (error) {
        const { retryable, retryAfterMs = 0 } = error as AuthError
        const waitMs = retryAfterMs + backoffMs(tries)
        if (!retryable || performance.now() + waitMs > deadline) throw error
        await pause(waitMs)
      }
    }
  }

  async function start(): Promise<Session> {
    if (rest !== undefined && rest.epoch === store.epoch && performance.now() < rest.until) throw rest.error
    try {
      return await run(store.current)
    } catch (error) {
      const failed = error instanceof AuthError ? error : new AuthError('unexpected_error', 'The refresh failed', { retryable: true, cause: error })
      // The server asked for more patience than callers have: until then they get the same answer without a request.
      if (failed.retryable) rest = { until: performance.now() + (failed.retryAfterMs ?? 1000), error: failed, epoch: store.epoch }
      if (store.current !== undefined) events.emit('error', failed)
      throw failed
    }
  }

  return () => {
    const underWay = mine.get(baseURL)
    if (underWay !== undefined) return underWay
    const flight = start().finally(() => mine.delete(baseURL))
    mine.set(baseURL, flight)
    return flight
  }
}

// crypto.randomUUID is missing on pages without TLS.
const randomKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
