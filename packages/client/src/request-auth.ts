import type { Failure } from './auth-api.ts'
import type { CookieState } from './cookie-state.ts'
import type { AuthError } from './auth-error.ts'
import { within } from './pause.ts'
import type { Refresh } from './create-refresher.ts'
import { toSession, type Session } from './session.ts'
import type { SessionStore } from './session-store.ts'

/**
 * A 401 this soon after a refresh is not caused by an expired token, so it is not retried (except
 * for the first 401 after a sign-in).
 */
const FRESH_MS = 5000
const EARLY_WAIT_MS = 3000

type Signal = AbortSignal | null | undefined
/** The session that a request was sent with; its answer is judged against it. */
export type Credentials = { session: Session; epoch: number }
export type RequestAuth = ReturnType<typeof createRequestAuth>

/**
 * The logic that `request` and the axios adapter share: which token a request gets, and what its
 * answer means for the session.
 */
export function createRequestAuth({
  store,
  refresh,
  isAllowed,
  start,
  cookie: cookieState,
}: {
  store: SessionStore
  refresh: Refresh
  isAllowed: (url: string) => boolean
  start: () => void
  cookie: CookieState | undefined
}) {
  // With the cookie transport only the server knows whether the user is signed in, so it is asked
  // once.
  let asked = cookieState === undefined
  // `refreshedIn`: the epoch in which a 401 has led to a refresh here. `doubted`: the token that
  // replaced one refused without an error code. Tokens of other tabs count too: two tabs that
  // considered only their own would refresh each other's without end.
  let refreshedIn: number | undefined
  let doubted: string | undefined

  /**
   * Undefined also if another user has signed in since: a request of one user is never sent as
   * another.
   */
  function credentials(sentEpoch: number): Credentials | undefined {
    const { current: session, epoch } = store
    if (session === undefined || epoch !== sentEpoch) return undefined
    asked = true
    return { session, epoch }
  }
  /**
   * Refreshes if possible. Throws if the request would look like one of a signed-out user, because
   * callers take a 401 for a logout.
   */
  async function refreshOrThrow(signal: Signal, isRefused = false): Promise<void> {
    try {
      await within(refresh(), undefined, signal)
    } catch (error) {
      // A failed early refresh can be ignored, unless the server may have rotated the cookie: the
      // old one would look stolen. If the session is over, the request is sent anonymously.
      const goesOn = store.current
        ? !isRefused && store.status() !== 'expired' && !cookieState?.read()
        : !(error as AuthError).retryable
      if (signal?.aborted || !goesOn) throw error
    }
  }

  return {
    /** Whether a URL may receive the token. */
    isAllowed,

    /**
     * Returns the session to send a request with, refreshed first if needed. `early`: also if the
     * token is only due, because the request cannot be repeated.
     */
    async authorize(signal: Signal, early: boolean): Promise<Credentials | undefined> {
      start()
      await store.load()
      const { epoch } = store
      const state = store.status()
      if (state === 'due' && !cookieState) {
        const done = within(refresh(), EARLY_WAIT_MS, signal).catch(() => {})
        if (early) await done
      } else if (state === 'none' ? !asked : state !== 'live') {
        // With the cookie transport, refresh before sending: the server would otherwise rotate the
        // cookie on a response that may get lost.
        await refreshOrThrow(signal)
        asked = true
      }
      return credentials(epoch)
    },

    /**
     * Returns the session to repeat a request with that got a 401 with this body; undefined if a
     * repetition would not help.
     */
    async retry(
      { session: { accessToken }, epoch }: Credentials,
      signal: Signal,
      body: unknown,
    ): Promise<Credentials | undefined> {
      const code = (body as Failure)?.error?.code
      // A 401 with another error code (such as a wrong PIN) is not about the token. One without a
      // code is assumed to be about the token, once per token.
      if (typeof code === 'string' ? !code.startsWith('access_token_') : doubted === accessToken)
        return undefined
      await store.load()
      if (store.current?.accessToken === accessToken) {
        if (refreshedIn === epoch && store.ageMs() < FRESH_MS) return undefined
        await refreshOrThrow(signal, true)
      }
      const next = credentials(epoch)
      if (next === undefined || next.session.accessToken === accessToken) return undefined
      refreshedIn = epoch
      if (code === undefined) doubted = next.session.accessToken
      return next
    },

    /** Stores the pair that a response carries, unless there is a newer one. */
    async commit(
      header: (name: string) => string | null | undefined,
      { session, epoch }: Credentials,
    ): Promise<void> {
      const access_token = header('x-new-access-token')
      const refresh_token = header('x-new-refresh-token') ?? undefined
      if (
        header('x-token-refreshed') !== 'true' ||
        !access_token ||
        (refresh_token === undefined && session.refreshToken !== undefined)
      )
        return
      await store.commit(toSession({ access_token, refresh_token }), session, epoch)
    },
  }
}
