import type { CodedError } from '@auto-refresh/contracts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { createLineBudget } from '../core/create-line-budget.ts'
import { sendRefusal } from './send-refusal.ts'

/**
 * Creates the responder for requests that the guard refuses. Internal errors are logged with their
 * cause, at most ten lines a second, so that an outage does not flood the log.
 */
export function createRefuse(clock: { nowMs(): number }) {
  const countOmitted = createLineBudget(clock)

  return (error: CodedError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const omitted = error.code === 'unavailable' ? countOmitted() : undefined
    if (omitted !== undefined)
      request.log.warn(
        { err: error.cause ?? error, omitted },
        'Answered 503: access token verification failed',
      )
    return sendRefusal(error, request, reply)
  }
}
