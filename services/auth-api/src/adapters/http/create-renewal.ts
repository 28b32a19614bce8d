import type { Renewal, RenewalRequest } from '@auto-refresh/server/core'
import type { FastifyRequest } from 'fastify'
import type { UseCases } from './http-deps.ts'
import { toRequestContext } from './request/request-context.ts'

/** Connects the middleware with the use cases of this process. */
export function createRenewal({
  peekRefresh,
  refresh,
}: Pick<UseCases, 'peekRefresh' | 'refresh'>): Renewal<FastifyRequest> {
  return {
    peek: (renewal) => peekRefresh(toRequest(renewal)),
    async renew(renewal) {
      const result = await refresh({ ...toRequest(renewal), operation: 'middleware' })
      return 'pair' in result ? { outcome: 'renewed', ...result.pair } : result
    },
  }
}

const toRequest = ({ refreshToken, sessionId, request }: RenewalRequest<FastifyRequest>) => ({
  refreshToken,
  expectedSessionId: sessionId,
  context: toRequestContext(request),
})
