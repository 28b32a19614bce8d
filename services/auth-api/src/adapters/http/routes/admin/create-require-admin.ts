import { CodedError } from '@auto-refresh/contracts'
import { readBearerToken } from '@auto-refresh/server/core'
import { createFindApiKey, type RequireScope } from '@auto-refresh/service-kit/http'
import type { FastifyRequest } from 'fastify'
import type { AdminAccess } from '../../../../use-cases/users/check-administrator.ts'
import type { Administration, HttpSettings } from '../../http-deps.ts'
import { toRequestContext } from '../../request/request-context.ts'

/** Returns the onRequest hook of an administration route. It sets `request.actor`. */
export type RequireAdmin = (needed: AdminAccess) => (request: FastifyRequest) => Promise<void>

/** Access tokens are JWTs, which keys do not look like. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/
/**
 * Guards the administration routes: an API key with the scope `admin:read` or `admin:write`, or an
 * access token of an administrator. A cookie never counts, and no token is refreshed: so no foreign
 * page can act. Unknown credentials are limited by address; they never limit a known one.
 */
export function createRequireAdmin({
  administration: { checkAdministrator, limitRefused },
  settings: { apiKeys },
  requireScope,
}: {
  administration: Pick<Administration, 'checkAdministrator' | 'limitRefused'>
  settings: Pick<HttpSettings, 'apiKeys'>
  requireScope: RequireScope
}): RequireAdmin {
  const findApiKey = createFindApiKey(apiKeys)
  return (needed) => {
    const requireKey = requireScope(`admin:${needed}`)
    return async (request) => {
      if (findApiKey(request) !== undefined) return requireKey(request)
      const token = readBearerToken(request)
      try {
        const { userId } = await checkAdministrator(token, needed)
        request.actor = { kind: 'user', name: userId }
      } catch (error) {
        if (!(error instanceof CodedError) || error.code !== 'access_token_invalid') throw error
        await limit(request)
        throw JWT.test(token ?? '') ? error : new CodedError('invalid_api_key')
      }
    }
  }

  async function limit(request: FastifyRequest): Promise<void> {
    const limited = await limitRefused(`credential ${toRequestContext(request).block}`)
    if (limited !== undefined)
      throw new CodedError('rate_limited', { retryAfterSeconds: limited.retryAfterSeconds })
  }
}
