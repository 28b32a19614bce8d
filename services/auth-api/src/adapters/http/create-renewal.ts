import type { Renewal, RenewalRequest } from '@auto-refresh/server/core'
import type { FastifyRequest } from 'fastify'
import type { UseCases } from './http-deps.ts'
import { toRequestContext } from './request/request-context.ts'

/** Lets the middleware renew by our own use cases. */
export function createRenewal({
  peekRefresh,
  refresh,
}: Pick<UseCases, 'peekRefresh' | 'refresh'>): Renewal<FastifyRequest> {
  return {
    peek: (asked) => peekRefresh(toRequest(asked)),
    async renew(asked) {
      const result = await refresh({ ...toRequest(asked), operation: 'middleware' })
      return 'pair' in result ? { outcome: 'renewed', ...result.pair } : result
    },
  }
}

const toRequest = ({ refreshToken, sessionId, request }: RenewalRequest<FastifyRequest>) => ({
  refreshToken,
  expectedSessionId: sessionId,
  context: toRequestContext(request),
})
