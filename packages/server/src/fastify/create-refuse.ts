import type { CodedError } from '@auto-refresh/contracts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { createLineBudget } from '../core/create-line-budget.ts'
import { sendRefusal } from './send-refusal.ts'

/**
 * Answers what the guard refuses. What is our fault is logged with its cause, in so many lines a
 * second that an outage is no flood.
 */
export function createRefuse(clock: { nowMs(): number }) {
  const toOmitted = createLineBudget(clock)

  return (error: CodedError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const omitted = error.code === 'unavailable' ? toOmitted() : undefined
    if (omitted !== undefined)
      request.log.warn(
        { err: error.cause ?? error, omitted },
        'Answered 503: access token verification failed',
      )
    return sendRefusal(error, request, reply)
  }
}
