import { CodedError } from '@auto-refresh/contracts'
import { readBearerToken } from '@auto-refresh/server/core'
import { createFindApiKey, type RequireScope } from '@auto-refresh/service-kit/http'
import { throttledLog } from '@auto-refresh/service-kit/timing'
import type { FastifyRequest } from 'fastify'
import { toActorText } from '../../../../ports/actor.ts'
import type { Log } from '../../../../ports/telemetry.ts'
import type { AdminAccess } from '../../../../use-cases/users/check-administrator.ts'
import type { Administration, HttpSettings } from '../../http-deps.ts'
import { toRequestContext } from '../../request/request-context.ts'

/** Returns the onRequest hook of an administration route. It sets `request.actor`. */
export type RequireAdmin = (needed: AdminAccess) => (request: FastifyRequest) => Promise<void>

const REFUSALS = [401, 403]
/** Enough to show an attack; strangers cannot suppress the refusals of known callers. */
const LINES_A_SECOND = 10

/** Access tokens are JWTs, which keys do not look like. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/
/**
 * Guards the administration routes: an API key with the scope `admin:read` or `admin:write`, or an
 * access token of an administrator. A cookie never counts, and no token is refreshed: so no foreign
 * page can act. Unknown credentials are limited by address; they never limit a known one. Each
 * admitted call is logged, and refusals up to a rate.
 */
export function createRequireAdmin({
  administration: { checkAdministrator, limitRefused },
  settings: { apiKeys },
  requireScope,
  log,
}: {
  administration: Pick<Administration, 'checkAdministrator' | 'limitRefused'>
  settings: Pick<HttpSettings, 'apiKeys'>
  requireScope: RequireScope
  log: Log
}): RequireAdmin {
  const findApiKey = createFindApiKey(apiKeys)
  const [warnOfKnown, warnOfUnknown] = [createWarn(log), createWarn(log)]
  return (needed) => {
    const requireKey = requireScope(`admin:${needed}`)
    return async (request) => {
      try {
        if (findApiKey(request) === undefined) await requireToken(request, needed)
        else await requireKey(request)
      } catch (error) {
        if (error instanceof CodedError && REFUSALS.includes(error.statusCode)) {
          const warn = request.actor === undefined ? warnOfUnknown : warnOfKnown
          warn({ event: 'admin_call_refused', code: error.code, ...toFields(request) })
        }
        throw error
      }
      log.info({ event: 'admin_call', ...toFields(request) }, 'Administration call admitted')
    }
  }

  async function requireToken(request: FastifyRequest, needed: AdminAccess): Promise<void> {
    const token = readBearerToken(request)
    try {
      await checkAdministrator(token, needed, ({ userId, sessionId }) => {
        const { network } = toRequestContext(request)
        request.actor = { kind: 'user', name: userId, session: { id: sessionId, network } }
      })
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'access_token_invalid') throw error
      await limit(request)
      throw JWT.test(token ?? '') ? error : new CodedError('invalid_api_key')
    }
  }

  async function limit(request: FastifyRequest): Promise<void> {
    const limited = await limitRefused(`credential ${toRequestContext(request).block}`)
    if (limited !== undefined)
      throw new CodedError('rate_limited', { retryAfterSeconds: limited.retryAfterSeconds })
  }
}

const createWarn = (log: Log) =>
  throttledLog({
    lines: LINES_A_SECOND,
    everyMs: 1000,
    write: (omitted, fields: Readonly<Record<string, unknown>>) =>
      log.warn({ ...fields, omitted }, 'Administration call refused'),
  })

/** The pattern of the route: a path may contain what a stranger writes. */
const toFields = (request: FastifyRequest) => ({
  ...(request.actor === undefined ? {} : { actor: toActorText(request.actor) }),
  route: request.routeOptions.url,
  method: request.method,
  network: toRequestContext(request).network,
})
