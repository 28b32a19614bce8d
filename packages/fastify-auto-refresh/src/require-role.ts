import { CodedError } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'

/** A preHandler behind `autoRefresh`: lets only users of this role pass, others get `forbidden`. */
export function requireRole(role: string): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    if (request.user.role !== role) throw new CodedError('forbidden')
  }
}
