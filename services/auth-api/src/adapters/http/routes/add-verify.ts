import { CodedError, HEADERS, VerifyQuery, type AccessTokenClaims } from '@auto-refresh/contracts'
import { readBearerToken, readRefreshToken } from '@auto-refresh/server/core'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { AccessTokenCheck } from '../../../ports/access-tokens.ts'
import { createRequireOwnPage } from '../plugins/create-require-own-page.ts'
import { readAccessCookies } from '../request/read-access-cookies.ts'
import { readSessionId } from '../request/read-session-id.ts'
import { FAILURES, LIMITED, response, UNAUTHENTICATED, VERIFIED_HEADERS } from './responses.ts'
import { BY_ACCESS_TOKEN_OR_COOKIE, type App, type RouteDeps } from './route.ts'

/**
 * Adds `/verify`, at which a proxy asks whether it may pass a request on. The query is the proxy's
 * configuration; the rest of the request is the client's.
 */
export function addVerify(app: App, { useCases, requireCsrfProof }: RouteDeps): void {
  const requireOwnPage = createRequireOwnPage(requireCsrfProof)
  const schema = {
    tags: ['proxies'],
    operationId: 'verify',
    summary: 'Authenticate a request for a proxy (forward-auth)',
    querystring: VerifyQuery,
    response: {
      200: response(Type.Null(), 'The request may pass; the body is empty', VERIFIED_HEADERS),
      ...FAILURES,
      ...UNAUTHENTICATED,
      ...LIMITED,
    },
    security: BY_ACCESS_TOKEN_OR_COOKIE,
  }

  app.get('/verify', { schema }, async (request, reply) => {
    const user = await authenticate(request)
    const { role = user.role } = request.query
    if (role !== user.role) throw new CodedError('forbidden')
    return reply.headers(toIdentityHeaders(user)).send(undefined as never)
  })

  async function authenticate(request: FastifyRequest): Promise<AccessTokenClaims> {
    const bearer = readBearerToken(request)
    const access =
      bearer === undefined ? await checkCookies(request) : await useCases.checkAccessToken(bearer)
    if (bearer === undefined && access.outcome !== 'missing') requireOwnPage(request)
    if (access.outcome === 'valid') return access.claims
    throw new CodedError(
      access.outcome === 'retired' ? 'access_token_expired' : `access_token_${access.outcome}`,
    )
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

/** Reads the refresh cookies only: no proxy returns a token to a header of its client. */
function readRefreshCookies({ headers: { cookie } }: FastifyRequest): string[] {
  if (cookie === undefined) return []
  const presented = readRefreshToken({ headers: { cookie }, raw: { rawHeaders: [] } })
  return presented === undefined ? [] : [presented.token, ...(presented.others ?? [])]
}

/** A back end may use them as they are: the id is the identity, a name never is. */
const toIdentityHeaders = ({ sub, username, role, sid }: AccessTokenClaims) => ({
  [HEADERS.authUser]: sub,
  [HEADERS.authUsername]: toHeaderText(username),
  [HEADERS.authRole]: toHeaderText(role),
  [HEADERS.authSession]: sid,
})

/** Percent-encodes `%` and everything but printable ASCII, as UTF-8. */
const toHeaderText = (text: string) =>
  text.toWellFormed().replaceAll(/[^ -$&-~]+/gu, encodeURIComponent)
