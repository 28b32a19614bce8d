import { AuthError, isTerminal } from './auth-error.ts'
import type { AuthApi } from './auth-api.ts'
import { SIGNED_OUT, type CookieNote } from './cookie-note.ts'
import type { Events } from './events.ts'
import { backoffMs, pause } from './pause.ts'
import { isSamePair, toSession, type Session } from './session.ts'
import type { SessionStore } from './session-store.ts'
import type { TokenStorage } from './storage/token-storage.ts'
import { withLock } from './with-lock.ts'

/** The whole schedule of tries; later ones are the timer's, under the same Idempotency-Key. */
const RETRY_FOR_MS = 25_000
const REST_MS = 1000
/** The last resort against a loop that nobody foresaw. */
const MAX_PER_MINUTE = 30
/** A tab that lost a race looks for the winner's pair this often before it believes a refusal. */
const LOOK_AGAIN_MS = [0, 100, 400]

/** Refreshes under way in this tab, over all instances with the same storage. */
const flights = new WeakMap<TokenStorage, Promise<Session>>()

/** `note` comes with the cookie transport. */
type Deps = {
  api: AuthApi
  store: SessionStore
  events: Events
  storage: TokenStorage
  name: string
  note: CookieNote | undefined
}
/** `underWay` resolves when no refresh is; `hurry` ends the wait of one for its next try. */
export type Refresh = (() => Promise<Session>) & { underWay(): Promise<unknown>; hurry(): void }

const missing = () => new AuthError('refresh_token_missing')

/**
 * Unique, and no secret: `crypto.randomUUID` is missing on pages without TLS, all of `crypto` in
 * React Native.
 */
function createAttemptKey(): string {
  const words = new Uint32Array(4).map(() => Math.random() * 2 ** 32)
  return (globalThis.crypto?.getRandomValues(words) ?? words).join('-')
}

/**
 * Renews the pair: one refresh at a time, tried again with the same token and the same
 * Idempotency-Key for as long as the failure may pass, and ended only by a refusal that says that
 * the session is over.
 */
export function createRefresher({ api, store, events, storage, name, note }: Deps): Refresh {
  const lockName = (storage.shared === true || note !== undefined) && name
  let starts = 0
  let minuteEnd = 0
  let failed: AuthError | undefined
  let restUntil = 0
  let wake = () => {}

  async function attempt(stale: Session | undefined, spareKey: string): Promise<Session> {
    const session = await store.load()
    // Another tab has been here in the meantime.
    if (session !== undefined && !isSamePair(session, stale) && store.freshness() === 'live')
      return session
    // Without anything stored the cookie may still know the session, unless somebody has just
    // signed out.
    if (session === undefined && (note === undefined || stale !== undefined)) throw missing()
    if (performance.now() > minuteEnd) {
      minuteEnd = performance.now() + 60_000
      starts = 0
    }
    starts += 1
    if (starts > MAX_PER_MINUTE) {
      if (session !== undefined && store.freshness() === 'live') return session
      throw new AuthError('too_many_refreshes', { retryable: true, retryAfterMs: 60_000 })
    }
    const attemptKey = (note ? note.read() : session?.attemptKey) ?? spareKey
    const signedOut = attemptKey === SIGNED_OUT
    const { epoch } = store
    // Before it is sent: an answer that gets lost is fetched again under this key, after a reload
    // too.
    if (note) note.write(attemptKey)
    else if (session !== undefined && session.attemptKey === undefined)
      await store.save({ ...session, attemptKey })
    const answered = () => note?.read() === attemptKey && note.write()
    try {
      if (note === undefined && session?.refreshToken === undefined) throw missing()
      const { data } = await api(
        signedOut ? 'logout' : 'refresh',
        { refresh_token: session?.refreshToken },
        {
          'Idempotency-Key': attemptKey,
          // Of several cookies the session that it names wins, though it has expired.
          ...(note && session && { Authorization: `Bearer ${session.accessToken}` }),
        },
      )
      answered()
      if (signedOut) throw missing()
      await store.commit(toSession(data), session, epoch)
    } catch (error) {
      const over = isTerminal(error as AuthError) || (signedOut && !(error as AuthError).retryable)
      if (over) answered()
      for (const ms of over ? LOOK_AGAIN_MS : []) {
        await pause(ms)
        const now = await store.load()
        if (now !== undefined && !isSamePair(now, session)) return now
      }
      if (over && store.epoch === epoch) await store.end((error as AuthError).code)
      throw error
    }
    // Where the answer was of no use any more, a newer pair stands there, or somebody has signed
    // out.
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
    // The server asked for more patience than callers have: until then they get the same answer
    // without a request.
    if (performance.now() < restUntil) throw failed
    try {
      return await run(store.current)
    } catch (cause) {
      const error =
        cause instanceof AuthError
          ? cause
          : new AuthError('storage_failed', { retryable: true, cause })
      if (store.current !== undefined) events.emit('error', error)
      if (error.retryable) restUntil = performance.now() + (error.retryAfterMs || REST_MS)
      failed = error
      throw error
    }
  }

  async function refresh(): Promise<Session> {
    const flight = flights.get(storage) ?? start().finally(() => flights.delete(storage))
    flights.set(storage, flight)
    const session = await flight
    // It may have been another instance's.
    return (await store.load()) ?? session
  }
  return Object.assign(refresh, {
    underWay: async () => flights.get(storage),
    hurry() {
      restUntil = 0
      wake()
    },
  })
}
