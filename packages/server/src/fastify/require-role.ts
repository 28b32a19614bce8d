import { CodedError } from '@auto-refresh/contracts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendRefusal } from './send-refusal.ts'
import { userOf } from './user-of.ts'

/** A preHandler behind the guard: lets only users of this role pass, others get `forbidden`. */
export function requireRole(
  role: string,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined> {
  return async (request, reply) =>
    userOf(request)?.role === role
      ? undefined
      : sendRefusal(new CodedError('forbidden'), request, reply)
}
