import type { Failure } from './auth-api.ts'
import type { CookieNote } from './cookie-note.ts'
import type { AuthError } from './auth-error.ts'
import { within } from './pause.ts'
import type { Refresh } from './create-refresher.ts'
import { toSession, type Session } from './session.ts'
import type { SessionStore } from './session-store.ts'

/**
 * After a first 401 has been renewed for, one so soon after a token arrived is about something else
 * than its age.
 */
const FRESH_MS = 5000
const EARLY_WAIT_MS = 3000

type Signal = AbortSignal | null | undefined
/** The session that a request was sent with, to judge its answer by. */
export type Pass = { session: Session; epoch: number }
export type Gate = ReturnType<typeof createGate>

/**
 * What `request` and the axios interceptor share: which token goes where, and what an answer means
 * for it.
 */
export function createGate({
  store,
  refresh,
  isOurs,
  revive,
  note,
}: {
  store: SessionStore
  refresh: Refresh
  isOurs: (url: string) => boolean
  revive: () => void
  note: CookieNote | undefined
}) {
  // With the cookie transport only the server knows whether somebody is signed in: it is asked
  // once.
  let asked = note === undefined
  // The sign-in for which a 401 has been renewed for here, and the token that came of a refusal
  // that named no reason. Another tab's tokens count like ours: two that know only their own would
  // renew each other's without end.
  let renewedIn: number | undefined
  let doubted: string | undefined

  /**
   * Undefined also where somebody else has signed in since: what one user asked for is never done
   * as another.
   */
  function pass(sentEpoch: number): Pass | undefined {
    const { current: session, epoch } = store
    if (session === undefined || epoch !== sentEpoch) return undefined
    asked = true
    return { session, epoch }
  }
  /**
   * Renews, if possible. It throws where the request would be taken for one of a signed-out user;
   * callers take a 401 for a logout.
   */
  async function renewed(signal: Signal, isRefused = false): Promise<void> {
    try {
      await within(refresh(), undefined, signal)
    } catch (error) {
      // A refresh that came too early to matter may fail, unless the server may have renewed the
      // cookie: with the old one it would look stolen. A session that is over leaves an anonymous
      // request.
      const goesOn = store.current
        ? !isRefused && store.freshness() !== 'expired' && !note?.read()
        : !(error as AuthError).retryable
      if (signal?.aborted || !goesOn) throw error
    }
  }

  return {
    /** Tokens go to these origins and to no other. */
    isOurs,

    /**
     * The session to send a request with, renewed first where needed. `early`: also where it is
     * only due, because the request cannot be repeated.
     */
    async enter(signal: Signal, early: boolean): Promise<Pass | undefined> {
      revive()
      await store.load()
      const { epoch } = store
      const state = store.freshness()
      if (state === 'due' && !note) {
        const done = within(refresh(), EARLY_WAIT_MS, signal).catch(() => {})
        if (early) await done
      } else if (state === 'none' ? !asked : state !== 'live') {
        // The server renews a due token of a cookie by itself, on an answer that may get lost: be
        // first.
        await renewed(signal)
        asked = true
      }
      return pass(epoch)
    },

    /**
     * What to repeat a request with that was refused with 401 and this body; undefined where
     * repeating is of no use.
     */
    async again(
      { session: { accessToken }, epoch }: Pass,
      signal: Signal,
      body: unknown,
    ): Promise<Pass | undefined> {
      const code = (body as Failure)?.error?.code
      // Who names another reason, such as a wrong PIN, means it; who names none is believed to mean
      // the token, once.
      if (typeof code === 'string' ? !code.startsWith('access_token_') : doubted === accessToken)
        return undefined
      await store.load()
      if (store.current?.accessToken === accessToken) {
        if (renewedIn === epoch && store.ageMs() < FRESH_MS) return undefined
        await renewed(signal, true)
      }
      const next = pass(epoch)
      if (next === undefined || next.session.accessToken === accessToken) return undefined
      renewedIn = epoch
      if (code === undefined) doubted = next.session.accessToken
      return next
    },

    /** Takes over the pair that an answer brings along, unless a newer one is there. */
    async adopt(
      header: (name: string) => string | null | undefined,
      { session, epoch }: Pass,
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
