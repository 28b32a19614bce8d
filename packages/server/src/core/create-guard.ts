import { CodedError, type AccessTokenClaims } from '@auto-refresh/contracts'
import { createPendingRenewal } from './create-pending-renewal.ts'
import { decideRenewal } from './decide-renewal.ts'
import { findSubrequestHeader } from './find-subrequest-header.ts'
import type {
  AccessTokenCheck,
  Guard,
  GuardDecision,
  GuardRequest,
  UserRequirement,
} from './guard.ts'
import type { Log } from './log.ts'
import { peekTokens } from './peek-tokens.ts'
import { readBearerToken } from './read-bearer-token.ts'
import { readRefreshToken, type PresentedRefreshToken } from './read-refresh-token.ts'
import type { RefreshCookieSettings } from './refresh-cookie-fields.ts'
import type { PeekResult, Renewal } from './renewal.ts'

/** What a decision is based on, for the debug line. */
type Seen = {
  request_id: string | undefined
  access?: AccessTokenCheck['outcome']
  session_id?: string
  due?: boolean
  transport?: PresentedRefreshToken['transport'] | 'none'
  peeked?: PeekResult['outcome']
}

/** Options of `createGuard`. */
export type GuardOptions<Request extends GuardRequest = GuardRequest> = Readonly<{
  /** verifies an access token; `undefined` if the request has none */
  checkAccessToken: (token: string | undefined) => Promise<AccessTokenCheck>
  /** absent: tokens are never refreshed */
  renewal?: Renewal<Request> | undefined
  /** whether a valid access token is due for a refresh */
  isDue: (claims: AccessTokenClaims) => boolean
  /** attributes of a refreshed cookie */
  cookie: RefreshCookieSettings
  /** Unix milliseconds */
  clock: { nowMs(): number }
  /** receives warnings about requests that have no logger of their own */
  log?: Pick<Log, 'warn'> | undefined
  /** receives every decision, never a token */
  debug?: ((fields: object, message: string) => void) | undefined
}>

/**
 * Creates a guard that accepts only live access tokens (401 otherwise, for OPTIONS too: answer
 * preflights before the guard) and refreshes due tokens while the request is answered. The new
 * tokens are in the `X-New-...` headers, or in `Set-Cookie` when the refresh token came by cookie.
 * The refresh token is peeked at before the handler and spent only when a 2xx is sent: a client that
 * gets an error does not read these headers and would lose the new token. `check` rejects only with
 * what `checkAccessToken` throws, unless that is a `CodedError`.
 */
export function createGuard<Request extends GuardRequest = GuardRequest>(
  options: GuardOptions<Request>,
): Guard<Request> {
  const { checkAccessToken, renewal, isDue, debug } = options
  let hasWarned = false

  /**
   * The proxy drops this response: a refreshed pair would reach no client, and the next refresh
   * would look like a theft.
   */
  function isSubrequest(request: Request): boolean {
    const header = findSubrequestHeader(request)
    if (header === undefined) return false
    if (!hasWarned)
      (request.log ?? options.log)?.warn(
        { header, url: request.url.split('?', 1)[0] },
        'Auto-refresh skipped: authentication subrequest of a proxy',
      )
    hasWarned = true
    return true
  }

  /** Throws a `CodedError` for a refusal. Records in `seen` what the decision is based on. */
  async function decide(
    request: Request,
    requirement: UserRequirement,
    seen: Seen,
  ): Promise<GuardDecision> {
    const access = await checkAccessToken(readBearerToken(request))
    seen.access = access.outcome
    // Only a missing token is anonymous: after a 401 the client refreshes and stays signed in.
    if (access.outcome === 'missing' && requirement === 'optional') return { outcome: 'anonymous' }
    // Its claims must not choose the session to refresh, so the client refreshes on its own.
    if (access.outcome === 'retired') throw new CodedError('access_token_expired')
    if (access.outcome !== 'valid' && access.outcome !== 'expired')
      throw new CodedError(`access_token_${access.outcome}`)
    const { outcome, claims } = access
    seen.session_id = claims.sid
    seen.due = outcome === 'expired' || isDue(claims)
    if (!seen.due) return { outcome: 'accepted', user: claims }

    // An upgraded connection has no response headers, and clients ignore those of OPTIONS.
    const canCarry =
      request.canCarryTokens !== false &&
      request.headers.upgrade === undefined &&
      request.method !== 'OPTIONS' &&
      !isSubrequest(request)
    const presented = renewal !== undefined && canCarry ? readRefreshToken(request) : undefined
    seen.transport = presented?.transport ?? 'none'
    if (renewal === undefined || presented === undefined) {
      if (outcome === 'expired') throw new CodedError('access_token_expired')
      return { outcome: 'accepted', user: claims }
    }
    const { peeked, cause, due } = await peekTokens(renewal, presented, {
      sessionId: claims.sid,
      request,
    })
    seen.peeked = peeked.outcome
    const decision = decideRenewal(outcome, peeked)
    if (decision.action === 'refuse') throw new CodedError(decision.code, { ...decision, cause })
    if (peeked.outcome !== 'would_renew') return { outcome: 'accepted', user: claims }
    return {
      outcome: 'accepted',
      user: { ...claims, ...peeked.user },
      renewal: createPendingRenewal(due, { ...options, renewal, log: request.log ?? options.log }),
    }
  }

  return {
    async check(request, requirement = 'required') {
      const seen: Seen = { request_id: request.id }
      try {
        const decision = await decide(request, requirement, seen)
        debug?.(
          { ...seen, action: 'renewal' in decision ? 'renew' : 'go_on' },
          'auto-refresh decided',
        )
        return decision
      } catch (error) {
        if (!(error instanceof CodedError)) throw error
        debug?.({ ...seen, action: 'refuse', code: error.code }, 'auto-refresh decided')
        return { outcome: 'refused', error }
      }
    },
  }
}
