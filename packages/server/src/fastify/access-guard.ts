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
import type { PeekResult, Renewal, RenewalRequest, RenewResult } from '../core/renewal.ts'
import { rememberUser, userOf } from './user-of.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * The signed-in user. Null where the guard has not accepted the request: in earlier hooks, in
     * log serializers, after a refusal.
     */
    readonly user: AccessTokenClaims
  }
}

/** What a decision is based on, for the debug line. */
type Seen = {
  request_id: string
  access?: AccessTokenCheck['outcome']
  session_id?: string
  due?: boolean
  transport?: PresentedRefreshToken['transport'] | 'none'
  peeked?: PeekResult['outcome']
}

type DueRequest = RenewalRequest<FastifyRequest> & PresentedRefreshToken

/** The result of the verifier, combined with the revocation list. */
export type AccessTokenCheck =
  | { outcome: 'valid' | 'expired' | 'revoked'; claims: AccessTokenClaims }
  | { outcome: 'missing' | 'invalid' | 'retired' }

type AccessGuardOptions = Readonly<{
  /** verifies an access token; `undefined` if the request has none */
  checkAccessToken: (token: string | undefined) => Promise<AccessTokenCheck>
  /** absent: tokens are never refreshed */
  renewal?: Renewal<FastifyRequest> | undefined
  /** whether a valid access token is due for a refresh */
  isDue: (claims: AccessTokenClaims) => boolean
  /** responds to a refusal; absent: the `CodedError` is thrown */
  refuse?:
    ((error: CodedError, request: FastifyRequest, reply: FastifyReply) => FastifyReply) | undefined
  /** attributes of a refreshed cookie */
  cookie: RefreshCookieSettings
  /** Unix milliseconds */
  clock: { nowMs(): number }
  /** the request's property that holds the user; default `user` */
  decorator?: string | undefined
  /** receives every decision, never a token */
  debug?: ((fields: object, message: string) => void) | undefined
}>

/**
 * Accepts only live access tokens (401 otherwise, for OPTIONS too: register what answers preflights
 * before the guard) and refreshes due tokens while the request is answered. The new tokens are in
 * the `X-New-...` headers, or in `Set-Cookie` when the refresh token came by cookie. The refresh
 * token is peeked at before the handler and spent only when a 2xx is sent: a client that gets an
 * error does not read these headers and would lose the new token.
 */
const plugin: FastifyPluginAsync<AccessGuardOptions> = async (app, options) => {
  const { checkAccessToken, renewal, isDue, refuse, clock, debug, decorator = 'user' } = options
  const dueRequests = new WeakMap<FastifyRequest, DueRequest>()

  if (!app.hasDecorator('serializeCookie')) await app.register(cookie, { hook: false })
  // If another plugin has decorated this property, as @fastify/jwt does, setUser fills it.
  if (!app.hasRequestDecorator(decorator)) {
    app.decorateRequest(decorator, {
      getter(this: FastifyRequest) {
        return userOf(this)
      },
    })
  }

  let hasWarned = false
  /**
   * The proxy drops this response: a refreshed pair would reach no client, and the next refresh
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
        { ...seen, action: dueRequests.has(request) ? 'renew' : 'go_on' },
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
    const due = dueRequests.get(request)
    if (
      renewal === undefined ||
      due === undefined ||
      reply.statusCode < 200 ||
      reply.statusCode > 299 ||
      reply.raw.destroyed
    )
      return
    const renewed = await renewal.renew(due).catch((cause: unknown) => {
      request.log.warn(
        { err: cause, session_id: due.sessionId },
        'Token refresh failed: the response carries no new tokens',
      )
      return { outcome: 'unavailable' as const }
    })
    debug?.(
      { request_id: request.id, session_id: due.sessionId, renewed: renewed.outcome },
      'auto-refresh renewed',
    )
    if (renewed.outcome === 'renewed') attachNewTokens(reply, renewed, due)
  })

  /** Throws a `CodedError` for a refusal. Records in `seen` what the decision is based on. */
  async function guard(request: FastifyRequest, seen: Seen): Promise<void> {
    const access = await checkAccessToken(readBearerToken(request))
    seen.access = access.outcome
    // Its claims must not choose the session to refresh, so the client refreshes on its own.
    if (access.outcome === 'retired') throw new CodedError('access_token_expired')
    if (access.outcome !== 'valid' && access.outcome !== 'expired')
      throw new CodedError(`access_token_${access.outcome}`)
    const { outcome, claims } = access
    setUser(request, claims)
    seen.session_id = claims.sid
    seen.due = outcome === 'expired' || isDue(claims)
    if (!seen.due) return

    // An upgraded connection has no response headers, and clients ignore those of OPTIONS.
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
    const { peeked, cause, due } = await peekAll(renewal, presented, {
      sessionId: claims.sid,
      request,
    })
    seen.peeked = peeked.outcome
    const decision = decideRenewal(outcome, peeked)
    if (decision.action === 'refuse') throw new CodedError(decision.code, { ...decision, cause })
    if (peeked.outcome !== 'would_renew') return
    setUser(request, { ...claims, ...peeked.user })
    dueRequests.set(request, due)
  }

  function setUser(request: FastifyRequest, user: AccessTokenClaims): void {
    rememberUser(request, user)
    const own = (request as unknown as Record<string, unknown>)[decorator] === user
    if (own || Reflect.set(request, decorator, user)) return
    throw new Error(
      `request.${decorator} is read-only and belongs to another plugin: set the option decorator`,
    )
  }

  /**
   * A reuse is sent to `renew` here, so that the alarm does not depend on the handler's success.
   */
  async function peekAll(
    renewer: Renewal<FastifyRequest>,
    presented: PresentedRefreshToken,
    given: Pick<DueRequest, 'sessionId' | 'request'>,
  ): Promise<PeekedToken> {
    const tokens = [presented.token, ...(presented.others ?? [])]
    const peeks = await Promise.all(
      tokens.map((token) => peekAt(renewer, { ...presented, ...given, refreshToken: token })),
    )
    const best = peeks.reduce((first, next) =>
      RANKS[next.peeked.outcome] < RANKS[first.peeked.outcome] ? next : first,
    )
    if (best.peeked.outcome !== 'reused') return best
    try {
      const result = await renewer.renew(best.due)
      return { ...best, peeked: result.outcome === 'renewed' ? UNAVAILABLE : result }
    } catch (cause) {
      return { ...best, peeked: UNAVAILABLE, cause }
    }
  }

  function attachNewTokens(
    reply: FastifyReply,
    renewed: Extract<RenewResult, { outcome: 'renewed' }>,
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
type PeekedToken = { peeked: PeekResult; cause?: unknown; due: DueRequest }

/**
 * Of several cookies, one that would refresh this session wins. A superseded or foreign one beside
 * it is no evidence of a theft.
 */
const RANKS: Record<PeekResult['outcome'], number> = {
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

async function peekAt(renewer: Renewal<FastifyRequest>, due: DueRequest): Promise<PeekedToken> {
  try {
    return { peeked: await renewer.peek(due), due }
  } catch (cause) {
    return { peeked: UNAVAILABLE, cause, due }
  }
}

/** The guard as a Fastify plugin, for auth-api itself; other back ends use `autoRefresh`. */
export const accessGuard = fastifyPlugin(plugin, {
  name: '@auto-refresh/access-guard',
  fastify: '5.x',
})
