import cookie from '@fastify/cookie'
import { CodedError, HEADERS, type AccessTokenClaims } from '@auto-refresh/contracts'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { decideRenewal } from '../core/decide-renewal.ts'
import { exposeHeaders } from './expose-headers.ts'
import { findSubrequestHeader } from '../core/find-subrequest-header.ts'
import { readBearerToken } from '../core/read-bearer-token.ts'
import { readRefreshToken, type PresentedRefreshToken } from '../core/read-refresh-token.ts'
import { setRefreshCookie, type RefreshCookieSettings } from './refresh-cookie.ts'
import type { Peeked, Renewal, RenewalRequest, Renewed } from '../core/renewal.ts'
import { rememberUser, userOf } from './user-of.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Who asks. Null where the guard has not let the request pass: in earlier hooks, in log
     * serializers, after a refusal.
     */
    readonly user: AccessTokenClaims
  }
}

/** What a decision goes by, for the debug line. */
type Seen = {
  request_id: string
  access?: AccessTokenCheck['outcome']
  session_id?: string
  due?: boolean
  transport?: PresentedRefreshToken['transport'] | 'none'
  peeked?: Peeked['outcome']
}

type Asked = RenewalRequest<FastifyRequest> & PresentedRefreshToken

/** The verdict of the verifier, held against the revocation list. */
export type AccessTokenCheck =
  | { outcome: 'valid' | 'expired' | 'revoked'; claims: AccessTokenClaims }
  | { outcome: 'missing' | 'invalid' | 'retired' }

type AccessGuardOptions = Readonly<{
  checkAccessToken: (token: string | undefined) => Promise<AccessTokenCheck>
  /** absent: nothing is renewed */
  renewal?: Renewal<FastifyRequest> | undefined
  /** whether it is time to renew */
  isDue: (claims: AccessTokenClaims) => boolean
  /** answers a refusal; absent: it is thrown, as a `CodedError` */
  refuse?:
    ((error: CodedError, request: FastifyRequest, reply: FastifyReply) => FastifyReply) | undefined
  cookie: RefreshCookieSettings
  clock: { nowMs(): number }
  /** the request's property that holds the user; default `user` */
  decorator?: string | undefined
  /** told of every decision, never of a token */
  debug?: ((fields: object, message: string) => void) | undefined
}>

/**
 * Lets only live access tokens pass (401 otherwise, for OPTIONS too: what answers preflights stands
 * before it) and renews a pair that is due while the request is answered: in the `X-New-...`
 * headers, or by `Set-Cookie` alone when the refresh token came by cookie. The refresh token is
 * asked about before the handler and spent only as a 2xx goes out, for a client that meets an error
 * never reads our headers and would lose it.
 */
const plugin: FastifyPluginAsync<AccessGuardOptions> = async (app, options) => {
  const { checkAccessToken, renewal, isDue, refuse, clock, debug, decorator = 'user' } = options
  const renewals = new WeakMap<FastifyRequest, Asked>()

  if (!app.hasDecorator('serializeCookie')) await app.register(cookie, { hook: false })
  // Another plugin's property of that name, as @fastify/jwt's, is filled by letUserPass.
  if (!app.hasRequestDecorator(decorator)) {
    app.decorateRequest(decorator, {
      getter(this: FastifyRequest) {
        return userOf(this)
      },
    })
  }

  let hasWarned = false
  /**
   * Its answer ends at the proxy: a pair renewed there would reach no client, and the next refresh
   * would look like a theft.
   */
  function isSubrequest(request: FastifyRequest): boolean {
    const header = findSubrequestHeader(request)
    if (header !== undefined && !hasWarned) {
      request.log.warn(
        { header, url: request.url.split('?', 1)[0] },
        'Auto-refresh skipped: authentication subrequest of a proxy',
      )
      hasWarned = true
    }
    return header !== undefined
  }

  app.addHook('onRequest', async (request, reply) => {
    const seen: Seen = { request_id: request.id }
    try {
      await guard(request, seen)
      debug?.(
        { ...seen, action: renewals.has(request) ? 'renew' : 'go_on' },
        'auto-refresh decided',
      )
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      debug?.({ ...seen, action: 'refuse', code: error.code }, 'auto-refresh decided')
      if (refuse === undefined) throw error
      return refuse(error, request, reply)
    }
  })

  app.addHook('onSend', async (request, reply) => {
    const asked = renewals.get(request)
    if (
      renewal === undefined ||
      asked === undefined ||
      reply.statusCode < 200 ||
      reply.statusCode > 299 ||
      reply.raw.destroyed
    )
      return
    const renewed = await renewal.renew(asked).catch((cause: unknown) => {
      request.log.warn(
        { err: cause, session_id: asked.sessionId },
        'Token refresh failed: the response carries no new tokens',
      )
      return { outcome: 'unavailable' as const }
    })
    debug?.(
      { request_id: request.id, session_id: asked.sessionId, renewed: renewed.outcome },
      'auto-refresh renewed',
    )
    if (renewed.outcome === 'renewed') handOver(reply, renewed, asked)
  })

  /** Notes in `seen` what it goes by. */
  async function guard(request: FastifyRequest, seen: Seen): Promise<void> {
    const access = await checkAccessToken(readBearerToken(request))
    seen.access = access.outcome
    // No claim of it may choose the session that is renewed: the client refreshes by itself.
    if (access.outcome === 'retired') throw new CodedError('access_token_expired')
    if (access.outcome !== 'valid' && access.outcome !== 'expired')
      throw new CodedError(`access_token_${access.outcome}`)
    const { outcome, claims } = access
    letUserPass(request, claims)
    seen.session_id = claims.sid
    seen.due = outcome === 'expired' || isDue(claims)
    if (!seen.due) return

    // an upgraded connection has no answer that could carry a pair, and from OPTIONS no client
    // takes one
    const canCarry =
      request.headers.upgrade === undefined &&
      request.method !== 'OPTIONS' &&
      !isSubrequest(request)
    const presented = renewal !== undefined && canCarry ? readRefreshToken(request) : undefined
    seen.transport = presented?.transport ?? 'none'
    if (renewal === undefined || presented === undefined) {
      if (outcome === 'expired') throw new CodedError('access_token_expired')
      return
    }
    const { peeked, cause, asked } = await foresee(renewal, presented, {
      sessionId: claims.sid,
      request,
    })
    seen.peeked = peeked.outcome
    const decision = decideRenewal(outcome, peeked)
    if (decision.action === 'refuse') throw new CodedError(decision.code, { ...decision, cause })
    if (peeked.outcome !== 'would_renew') return
    letUserPass(request, { ...claims, ...peeked.user })
    renewals.set(request, asked)
  }

  function letUserPass(request: FastifyRequest, user: AccessTokenClaims): void {
    rememberUser(request, user)
    const own = (request as unknown as Record<string, unknown>)[decorator] === user
    if (own || Reflect.set(request, decorator, user)) return
    throw new Error(
      `request.${decorator} is read-only and belongs to another plugin: set the option decorator`,
    )
  }

  /** A reuse is carried out here: the alarm must not depend on whether the handler succeeds. */
  async function foresee(
    carrier: Renewal<FastifyRequest>,
    presented: PresentedRefreshToken,
    given: Pick<Asked, 'sessionId' | 'request'>,
  ): Promise<Foreseen> {
    const tokens = [presented.token, ...(presented.others ?? [])]
    const peeks = await Promise.all(
      tokens.map((token) => peekAt(carrier, { ...presented, ...given, refreshToken: token })),
    )
    const best = peeks.reduce((first, next) =>
      RANKS[next.peeked.outcome] < RANKS[first.peeked.outcome] ? next : first,
    )
    if (best.peeked.outcome !== 'reused') return best
    try {
      const carriedOut = await carrier.renew(best.asked)
      return { ...best, peeked: carriedOut.outcome === 'renewed' ? UNAVAILABLE : carriedOut }
    } catch (cause) {
      return { ...best, peeked: UNAVAILABLE, cause }
    }
  }

  function handOver(
    reply: FastifyReply,
    renewed: Extract<Renewed, { outcome: 'renewed' }>,
    { transport }: PresentedRefreshToken,
  ) {
    const { accessToken, refreshToken, idleUntilMs } = renewed
    exposeHeaders(reply, [HEADERS.tokenRefreshed, HEADERS.newAccessToken, HEADERS.newRefreshToken])
    reply
      .header('cache-control', 'no-store, private')
      .header(HEADERS.tokenRefreshed, 'true')
      .header(HEADERS.newAccessToken, accessToken)
    if (transport === 'cookie')
      setRefreshCookie(
        reply,
        { token: refreshToken, idleUntilMs, nowMs: clock.nowMs() },
        options.cookie,
      )
    else reply.header(HEADERS.newRefreshToken, refreshToken)
  }
}

const UNAVAILABLE = { outcome: 'unavailable' } as const
type Foreseen = { peeked: Peeked; cause?: unknown; asked: Asked }

/**
 * Of several cookies the one that would renew this session counts; a superseded or a foreign one
 * beside it is no evidence.
 */
const RANKS: Record<Peeked['outcome'], number> = {
  would_renew: 0,
  rate_limited: 1,
  unavailable: 2,
  reused: 3,
  user_inactive: 3,
  revoked: 3,
  expired: 4,
  session_mismatch: 5,
  invalid: 6,
}

async function peekAt(
  carrier: Renewal<FastifyRequest>,
  asked: Foreseen['asked'],
): Promise<Foreseen> {
  try {
    return { peeked: await carrier.peek(asked), asked }
  } catch (cause) {
    return { peeked: UNAVAILABLE, cause, asked }
  }
}

export const accessGuard = fastifyPlugin(plugin, {
  name: '@auto-refresh/access-guard',
  fastify: '5.x',
})
