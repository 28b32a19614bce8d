import { CodedError, type VerifyQuery } from '@auto-refresh/contracts'
import { isDue, readBearerToken, readRefreshToken } from '@auto-refresh/server/core'
import { throttledLog } from '@auto-refresh/service-kit/timing'
import type { FastifyRequest } from 'fastify'
import type { TokenPair } from '../../../domain/token-pair.ts'
import type { AccessTokenCheck } from '../../../ports/access-tokens.ts'
import type { Identity, ProxyRefreshResult } from '../../../use-cases/refresh/refresh-for-proxy.ts'
import { toRefusalError } from '../errors/to-refusal-error.ts'
import type { HttpDeps } from '../http-deps.ts'
import type { RequireCsrfProof } from '../plugins/create-require-csrf-proof.ts'
import { isUpgrade, readOriginalMethods } from '../request/original-request.ts'
import { readAccessCookies } from '../request/read-access-cookies.ts'
import { readSessionId } from '../request/read-session-id.ts'
import { toRequestContext } from '../request/request-context.ts'

/** `pair`: the new tokens, which say who the user is and must reach the browser. */
type Authenticated = { user: Identity; pair?: undefined } | { user?: undefined; pair: TokenPair }
type Authenticate = (request: FastifyRequest, query: VerifyQuery) => Promise<Authenticated>
type AuthenticateDeps = Pick<HttpDeps, 'useCases' | 'settings' | 'clock' | 'log'> &
  Readonly<{ requireOwnPage: RequireCsrfProof }>

/**
 * Creates the authentication of a request that a proxy asks about: by `Authorization: Bearer`, else
 * by cookies. A token that is due, expired or missing is refreshed by the refresh cookie, but only
 * where the proxy declares that it hands the new one to the browser: a pair that reaches nobody makes
 * the next refresh look like a theft. No refusal clears a cookie, because it may arrive after the
 * cookie of the next sign-in. Throws a `CodedError` for a refusal.
 */
export function createAuthenticate(deps: AuthenticateDeps): Authenticate {
  const { useCases, settings, clock, log, requireOwnPage } = deps
  const warn = throttledLog({
    everyMs: 1000,
    write: (omitted, fields: object) =>
      log.warn({ ...fields, omitted }, 'Token refresh failed: the access token still counts'),
  })

  return async (request, { role, refresh }) => {
    const bearer = readBearerToken(request)
    const access =
      bearer === undefined ? await checkCookies(request) : await useCases.checkAccessToken(bearer)
    const refreshTokens = refresh === 'cookie' ? readRefreshCookies(request) : []
    if (bearer === undefined && (access.outcome !== 'missing' || refreshTokens.length > 0))
      requireOwnPage(request)

    // The response to an upgrade or to OPTIONS may not deliver a cookie.
    const mayRotate = !isUpgrade(request) && !readOriginalMethods(request).includes('OPTIONS')
    if (access.outcome === 'valid' && !(mayRotate && isTokenDue(access.claims)))
      return { user: access.claims }
    if (refreshTokens.length > 0 && canBeRefreshed(access, bearer)) {
      const refreshed = await tryRefresh(access, () =>
        refreshBy(refreshTokens, { access, bearer, role, mayRotate, request }),
      )
      if (refreshed !== undefined) return refreshed
    }
    if (access.outcome === 'valid') return { user: access.claims }
    throw toAccessError(access.outcome)
  }

  /**
   * Checks the cookies with access tokens. One of another session than the refresh cookies was left
   * by an earlier sign-in and does not count.
   */
  async function checkCookies(request: FastifyRequest): Promise<AccessTokenCheck> {
    const sessionIds = readRefreshCookies(request).map(readSessionId)
    const isCurrent = (check: AccessTokenCheck) =>
      !('claims' in check) ||
      sessionIds.every((id) => id === undefined) ||
      sessionIds.includes(check.claims.sid)
    const checks = await Promise.all(
      readAccessCookies(request).map((token) => useCases.checkAccessToken(token)),
    )
    return checks
      .filter(isCurrent)
      .reduce((best, next) => (RANKS[next.outcome] > RANKS[best.outcome] ? next : best), MISSING)
  }

  function isTokenDue(claims: Parameters<typeof isDue>[0]): boolean {
    return isDue(claims, { nowMs: clock.nowMs(), thresholdSeconds: settings.dueThresholdSeconds })
  }

  async function refreshBy(
    refreshTokens: readonly string[],
    { access, bearer, role, mayRotate, request }: Attempt,
  ): Promise<ProxyRefreshResult> {
    const expectedSessionId = 'claims' in access ? access.claims.sid : undefined
    const own = refreshTokens.filter(
      (token) => expectedSessionId !== undefined && readSessionId(token) === expectedSessionId,
    )
    const candidates = own.length > 0 ? own : refreshTokens
    const context = toRequestContext(request)
    const [first = ''] = candidates
    const refreshToken =
      candidates.length === 1
        ? first
        : await useCases.chooseRefreshToken({
            refreshTokens: candidates,
            accessToken: bearer,
            context,
          })
    return useCases.refreshForProxy({ refreshToken, expectedSessionId, role, mayRotate, context })
  }

  /**
   * Proof of a theft or of an ended session refuses the request at once; anything less never
   * invalidates a valid access token: then the result is `undefined`.
   */
  async function tryRefresh(
    access: AccessTokenCheck,
    run: () => Promise<ProxyRefreshResult>,
  ): Promise<Authenticated | undefined> {
    let result: ProxyRefreshResult
    try {
      result = await run()
    } catch (error) {
      if (access.outcome !== 'valid') throw error
      warn({ err: error, session_id: access.claims.sid })
      return undefined
    }
    if ('pair' in result) return { pair: result.pair }
    if (result.outcome === 'identified') return { user: result.user }
    if (result.outcome === 'forbidden') throw new CodedError('forbidden')
    if (access.outcome === 'valid' && !FINAL.has(result.outcome)) return undefined
    if (access.outcome === 'expired' && FOREIGN.has(result.outcome)) return undefined
    throw toRefusalError(result)
  }
}

type Attempt = {
  access: AccessTokenCheck
  bearer: string | undefined
  role: string | undefined
  mayRotate: boolean
  request: FastifyRequest
}

const MISSING: AccessTokenCheck = { outcome: 'missing' }
const RANKS: Record<AccessTokenCheck['outcome'], number> = {
  valid: 5,
  expired: 4,
  revoked: 3,
  retired: 2,
  invalid: 1,
  missing: 0,
}
const FINAL: ReadonlySet<string> = new Set(['reused', 'revoked', 'user_inactive'])
/** Refusals that say nothing about the session of the access token. */
const FOREIGN: ReadonlySet<string> = new Set(['invalid', 'session_mismatch'])

/**
 * A client can replace a bad header, so it is told. It cannot remove a bad HttpOnly cookie, so the
 * refresh cookie replaces that. No claim of a token that is not authentic chooses the session.
 */
const canBeRefreshed = ({ outcome }: AccessTokenCheck, bearer: string | undefined) =>
  outcome === 'valid' || outcome === 'expired' || (bearer === undefined && outcome !== 'revoked')

const toAccessError = (outcome: Exclude<AccessTokenCheck['outcome'], 'valid'>) =>
  new CodedError(outcome === 'retired' ? 'access_token_expired' : `access_token_${outcome}`)

/** Reads the refresh cookies only: no proxy returns a token to a header of its client. */
function readRefreshCookies({ headers: { cookie } }: FastifyRequest): string[] {
  if (cookie === undefined) return []
  const presented = readRefreshToken({ headers: { cookie }, raw: { rawHeaders: [] } })
  return presented === undefined ? [] : [presented.token, ...(presented.others ?? [])]
}
