import { RenewalBody, RenewalData, RenewalPeekData } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { RefreshRefusal } from '../../../domain/refresh-refusal.ts'
import { readIdempotencyKey } from '../request/read-idempotency-key.ts'
import { toRefusalError } from '../errors/to-refusal-error.ts'
import { toForwardedContext } from '../request/request-context.ts'
import { responses, UNAUTHENTICATED } from './responses.ts'
import { byApiKey, IDEMPOTENCY_HEADER, type App, type RouteDeps } from './route.ts'

/**
 * Adds the two steps of the middleware for other back ends. A refusal is a 200 with its outcome,
 * because it concerns the user, not the calling back end. The routes have their own scope: a peek
 * shows without an alarm whether a token works, and the caller states the address of the user.
 */
export function addRenewals(app: App, { useCases, requireScope, clock }: RouteDeps): void {
  const schema = {
    tags: ['back ends'],
    headers: Type.Object(IDEMPOTENCY_HEADER),
    body: RenewalBody,
    security: byApiKey('tokens:refresh'),
  }
  const onRequest = requireScope('tokens:refresh')

  const peek = {
    ...schema,
    operationId: 'peekRenewal',
    summary: 'Get what a renewal would return; nothing changes',
    response: { ...responses(RenewalPeekData), ...UNAUTHENTICATED },
  }
  app.post('/renewals/peek', { schema: peek, onRequest }, async (request) => {
    const peeked = await useCases.peekRefresh(toRequest(request))
    return {
      status: 200,
      message: 'Renewal foreseen',
      data: peeked.outcome === 'would_renew' ? peeked : toRefusal(peeked),
    }
  })

  const renew = {
    ...schema,
    operationId: 'createRenewal',
    summary: 'Renew a pair on behalf of a user',
    response: { ...responses(RenewalData), ...UNAUTHENTICATED },
  }
  app.post('/renewals', { schema: renew, onRequest }, async (request) => {
    const result = await useCases.refresh({ ...toRequest(request), operation: 'middleware' })
    if (!('pair' in result))
      return { status: 200, message: 'Renewal refused', data: toRefusal(result) }
    const { accessToken, refreshToken, idleUntilMs } = result.pair
    const refreshExpiresIn = Math.max(0, Math.floor((idleUntilMs - clock.nowMs()) / 1000))
    const data = {
      outcome: 'renewed' as const,
      access_token: accessToken,
      refresh_token: refreshToken,
      refresh_expires_in: refreshExpiresIn,
    }
    return { status: 200, message: 'Token refreshed successfully', data }
  })
}

const toRequest = (request: FastifyRequest<{ Body: RenewalBody }>) => ({
  refreshToken: request.body.refresh_token,
  expectedSessionId: request.body.expected_session_id,
  idempotencyKey: readIdempotencyKey(request),
  context: toForwardedContext(request.body.client, request),
})

/** Returns the body of a refusal. Throws `unavailable`, which is our failure. */
function toRefusal(refusal: RefreshRefusal) {
  if (refusal.outcome === 'unavailable') throw toRefusalError(refusal)
  if (refusal.outcome === 'rate_limited')
    return { outcome: refusal.outcome, retry_after_seconds: refusal.retryAfterSeconds }
  return refusal
}
