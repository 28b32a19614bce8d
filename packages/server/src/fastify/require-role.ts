import { CodedError } from '@auto-refresh/contracts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendRefusal } from './send-refusal.ts'
import { userOf } from './user-of.ts'

/**
 * Creates a preHandler that accepts only users of this role and answers others with `forbidden`.
 * Use it on routes behind the guard.
 */
export function requireRole(
  role: string,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined> {
  return async (request, reply) =>
    userOf(request)?.role === role
      ? undefined
      : sendRefusal(new CodedError('forbidden'), request, reply)
}
