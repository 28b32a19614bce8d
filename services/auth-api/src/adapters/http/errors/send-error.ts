import { HEADERS, toErrorEnvelope, type CodedError } from '@auto-refresh/contracts'
import { throttledLog } from '@auto-refresh/service-kit/timing'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { toActorText } from '../../../ports/actor.ts'
import type { HttpDeps } from '../http-deps.ts'
import { toCodedError } from './to-coded-error.ts'

const MAX_RETRY_AFTER_SECONDS = 5
/** Enough to show an outage or a flood, in which all responses are the same. */
const LINES_A_SECOND = 10

export type SendError = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
) => FastifyReply

const sendEnvelope = (coded: CodedError, request: FastifyRequest, reply: FastifyReply) =>
  reply.code(coded.statusCode).send(toErrorEnvelope(coded, request.id))

/**
 * Creates the function that turns every error into a response. Internal errors are logged with
 * their cause, which the caller never sees. `sendCoded` sends status and body.
 */
export function createSendError(
  { log, random }: Pick<HttpDeps, 'log' | 'random'>,
  sendCoded = sendEnvelope,
): SendError {
  const warnUnavailable = throttledLog({
    lines: LINES_A_SECOND,
    everyMs: 1000,
    write: (omitted, fields: Readonly<Record<string, unknown>>) =>
      log.warn({ ...fields, omitted }, 'Answered 503: a dependency is unavailable'),
  })

  return (error, request, reply) => {
    const coded = toCodedError(error)
    // These override headers that the route has set.
    reply.headers({ [HEADERS.requestId]: request.id, 'cache-control': 'no-store, private' })
    if (coded.code === 'unavailable') {
      const fields = {
        err: coded.cause ?? coded,
        request_id: request.id,
        route: request.routeOptions.url,
        actor: request.actor === undefined ? undefined : toActorText(request.actor),
      }
      if (coded !== error) log.error(fields, 'Answered 503: internal error')
      else warnUnavailable(fields)
    }
    // RFC 9110 §15.5.2: every 401 must name a scheme.
    if (coded.statusCode === 401) reply.header('www-authenticate', 'Bearer')
    const retryAfterSeconds =
      coded.retryAfterSeconds ??
      (coded.code === 'unavailable'
        ? 1 + Math.floor(random() * MAX_RETRY_AFTER_SECONDS)
        : undefined)
    if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds)
    return sendCoded(coded, request, reply)
  }
}
