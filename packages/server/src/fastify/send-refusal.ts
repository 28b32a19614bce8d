import type { CodedError } from '@auto-refresh/contracts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { toRefusal } from '../core/to-refusal.ts'

/** Sends the error envelope of auth-api, independent of the application's error handler. */
export function sendRefusal(
  error: CodedError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { status, headers, body } = toRefusal(error, request.id)
  for (const [name, value] of headers) reply.header(name, value)
  return reply.code(status).send(body)
}
