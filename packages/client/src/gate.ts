import type { AuthError } from './auth-error.ts'
import type { Lifetime } from './lifetime.ts'
import { within } from './pause.ts'
import type { Refresh } from './refresher.ts'
import { readAccessToken, type Session } from './session.ts'
import type { SessionStore } from './session-store.ts'

/** A 401 so soon after the token arrived is about something else than its age. */
const FRESH_MS = 5000
const EARLY_WAIT_MS = 3000

type Signal = AbortSignal | null | undefined
/** The token that a request carries, with what is needed to judge its answer. */
export type Pass = { token: string; session: Session; epoch: number }
export type Gate = ReturnType<typeof createGate>

/** What `request` and the axios interceptor share: which token goes where, and what an answer means for it. */
export function createGate({ store, lifetime, refresh, origins, cookies }: { store: SessionStore; lifetime: Lifetime; refresh: Refresh; origins: ReadonlySet<string>; cookies: boolean }) {
  // With the cookie transport only the server knows whether somebody is signed in: it is asked once.
  let asked = false

  const pass = (): Pass | undefined => {
    const { current: session, epoch } = store
    if (session !== undefined) asked = true
    return session === undefined || session.accessToken === '' ? undefined : { token: session.accessToken, session, epoch }
  }
  async function renewed(signal: Signal, ms?: number): Promise<void> {
    try {
      await within(refresh(), { signal, ms })
    } catch (error) {
      if (signal?.aborted === true) throw error
      // A refresh that came too early to matter may fail; a session that is over leaves an anonymous request.
      if (lifetime.freshness() === 'due' || lifetime.freshness() === 'live') return
      if (store.current !== undefined || (error as AuthError | undefined)?.retryable === true) throw error
    }
  }

  return {
    /** Tokens go to these origins and to no other. */
    isOurs: (origin: string): boolean => origins.has(origin),

    /** A token that lives, renewed first where needed; undefined when nobody is signed in. `early`: where the request cannot be repeated. */
    async enter(signal: Signal, early = false): Promise<Pass | undefined> {
      await store.load()
      const state = lifetime.freshness()
      if (state === 'expired') await renewed(signal)
      else if (state === 'due') {
        // The server renews a due token of a cookie by itself, on an answer that may get lost: be first.
        const done = renewed(undefined, EARLY_WAIT_MS).catch(() => {})
        if (cookies || early) await within(done, { signal })
      } else if (state === 'none' && cookies && !asked) {
        await renewed(signal)
        asked = true
      }
      return pass()
    },

    /** What to repeat a request with that was refused with 401; undefined when repeating is of no use. */
    async again({ token }: Pass, signal: Signal): Promise<Pass | undefined> {
      await store.load()
      if (store.current === undefined) return undefined
      if (store.current.accessToken === token) {
        if (store.ageMs() < FRESH_MS && !store.isUndated()) return undefined
        try {
          await within(refresh(), { signal })
        } catch (error) {
          // Not a 401: callers take that for a logout, and nobody was logged out.
          if (signal?.aborted === true || store.current !== undefined) throw error
        }
      }
      const next = pass()
      return next?.token === token ? undefined : next
    },

    /** Takes over the pair that an answer brings along, unless a newer one is there. */
    async adopt(headers: { get(name: string): string | null }, sent: Pass | undefined): Promise<void> {
      const accessToken = headers.get('X-New-Access-Token')
      const refreshToken = headers.get('X-New-Refresh-Token') ?? undefined
      if (headers.get('X-Token-Refreshed') !== 'true' || accessToken === null || sent === undefined) return
      if (refreshToken === undefined && sent.session.refreshToken !== undefined) return
      const { lifetimeMs } = readAccessToken(accessToken)
      await store.commit({ accessToken, refreshToken, receivedAt: Date.now(), lifetimeMs }, sent.session, sent.epoch)
    },
  }
}
