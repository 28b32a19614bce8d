import { CodedError, HEADERS, VerifyQuery } from '@auto-refresh/contracts'
import { setRefreshCookie } from '@auto-refresh/server/fastify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { TokenPair } from '../../../domain/token-pair.ts'
import type { Identity } from '../../../use-cases/refresh/refresh-for-proxy.ts'
import { createRequireOwnPage } from '../plugins/create-require-own-page.ts'
import { toCodedError } from '../errors/to-coded-error.ts'
import { setAccessCookie } from '../request/access-cookie.ts'
import { toForwardedCookie } from '../request/to-forwarded-cookie.ts'
import { createAuthenticate } from './create-authenticate.ts'
import { FAILURES, LIMITED, response, UNAUTHENTICATED, VERIFIED_HEADERS } from './responses.ts'
import { BY_ACCESS_TOKEN_OR_COOKIE, type App, type RouteDeps } from './route.ts'

/**
 * nginx cannot pass several `Set-Cookie` of a subrequest on, so its configuration names each. They
 * are repeated only for a request with a `Sec-` header, which no script can send: it could read the
 * HttpOnly cookies from a header of another name.
 */
const MAX_REPEATED_COOKIES = 4

/**
 * Adds `/verify`, at which a proxy asks whether it may pass a request on. The query is the proxy's
 * configuration; the rest of the request is the client's.
 */
export function addVerify(app: App, deps: RouteDeps): void {
  const { useCases, settings, clock } = deps
  const authenticate = createAuthenticate({
    ...deps,
    requireOwnPage: createRequireOwnPage(deps.requireCsrfProof),
  })
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

  const handler = async (
    request: FastifyRequest<{ Querystring: VerifyQuery }>,
    reply: FastifyReply,
  ) => {
    try {
      const { role } = request.query
      const { user, pair } = await authenticate(request, request.query)
      if (pair !== undefined) setPair(reply, pair)
      const identity = user ?? (await readIdentity(pair))
      if (role !== undefined && role !== identity.role) throw new CodedError('forbidden')
      return reply.headers(toIdentityHeaders(identity)).send()
    } catch (error) {
      // nginx cannot read the body of a subrequest.
      reply.header(HEADERS.authError, toCodedError(error).code)
      throw error
    }
  }
  app.get('/verify', { schema }, handler)
  // Envoy asks with the method of the original request.
  app.route({
    method: ['POST', 'PUT', 'PATCH', 'DELETE'],
    url: '/verify',
    schema: { ...schema, hide: true },
    handler,
  })

  function setPair(reply: FastifyReply, pair: TokenPair): void {
    const { accessToken, refreshToken, expiresInSeconds, idleUntilMs } = pair
    const cookie = toForwardedCookie(settings, reply.request)
    // First, because setRefreshCookie may add more cookies than are repeated.
    setAccessCookie(reply, { token: accessToken, expiresInSeconds }, cookie)
    setRefreshCookie(reply, { token: refreshToken, idleUntilMs, nowMs: clock.nowMs() }, cookie)
    const mayRepeat = reply.request.headers[HEADERS.repeatCookies] !== undefined
    const cookies = mayRepeat ? [reply.getHeader('set-cookie') ?? []].flat().map(String) : []
    for (const [index, value] of cookies.slice(0, MAX_REPEATED_COOKIES).entries())
      reply.header(`${HEADERS.authSetCookie}-${index + 1}`, value)
    reply.header(HEADERS.tokenRefreshed, 'true').header(HEADERS.newAccessToken, accessToken)
  }

  /** The new token says who the user is, and a session that has just ended is refused. */
  async function readIdentity(pair: TokenPair | undefined): Promise<Identity> {
    const check = await useCases.checkAccessToken(pair?.accessToken)
    if (check.outcome === 'valid') return check.claims
    throw new CodedError(check.outcome === 'revoked' ? 'access_token_revoked' : 'unavailable')
  }
}

/** A back end may use them as they are: the id is the identity, a name never is. */
const toIdentityHeaders = ({ sub, username, role, sid }: Identity) => ({
  [HEADERS.authUser]: sub,
  [HEADERS.authUsername]: toHeaderText(username),
  [HEADERS.authRole]: toHeaderText(role),
  [HEADERS.authSession]: sid,
})

/** Percent-encodes `%` and everything but printable ASCII, as UTF-8. */
const toHeaderText = (text: string) =>
  text.toWellFormed().replaceAll(/[^ -$&-~]+/gu, encodeURIComponent)
