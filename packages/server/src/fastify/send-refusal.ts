import { HEADERS, toErrorEnvelope, type CodedError } from '@auto-refresh/contracts'
import type { FastifyReply, FastifyRequest } from 'fastify'

const MAX_RETRY_AFTER_SECONDS = 5

/** Sends the error envelope of auth-api, independent of the application's error handler. */
export function sendRefusal(
  error: CodedError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  reply.headers({ [HEADERS.requestId]: request.id, 'cache-control': 'no-store, private' })
  // RFC 9110 §15.5.2: every 401 has a challenge
  if (error.statusCode === 401) reply.header('www-authenticate', 'Bearer')
  // random, so that clients do not retry all at once
  const afterSeconds =
    error.retryAfterSeconds ??
    (error.code === 'unavailable'
      ? 1 + Math.floor(Math.random() * MAX_RETRY_AFTER_SECONDS)
      : undefined)
  if (afterSeconds !== undefined) reply.header('retry-after', afterSeconds)
  return reply.code(error.statusCode).send(toErrorEnvelope(error, request.id))
}
