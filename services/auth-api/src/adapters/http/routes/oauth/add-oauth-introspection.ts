import { CodedError } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'
import type { Introspection } from '../../../../use-cases/sessions/introspect.ts'
import { OauthError } from '../../errors/oauth-error.ts'
import { readBasicCredentials } from '../../request/read-oauth-client.ts'
import { toRequestContext } from '../../request/request-context.ts'
import { byApiKey, type App, type RouteDeps } from '../route.ts'
import {
  IntrospectionForm,
  IntrospectionResponse,
  OAUTH_BODY_BYTES,
  oauthResponses,
} from './oauth-schemas.ts'

/**
 * Adds the introspection endpoint (RFC 7662), for API keys with `tokens:introspect`. Gateways send
 * the name and the secret of their key as Basic credentials, or the secret as a bearer token.
 */
export function addOauthIntrospection(
  app: App,
  { useCases, settings, requireScope }: RouteDeps,
): void {
  const schema = {
    tags: ['OAuth 2'],
    operationId: 'introspectOAuthToken',
    summary: 'Whether a token is active (RFC 7662)',
    consumes: ['application/x-www-form-urlencoded'],
    body: IntrospectionForm,
    response: oauthResponses(IntrospectionResponse),
    security: byApiKey('tokens:introspect'),
  }
  const requireKey = requireScope('tokens:introspect')

  async function onRequest(request: FastifyRequest): Promise<void> {
    const readings = readBasicCredentials(request)
    if (readings === undefined) return requireKey(request)
    const { authorization } = request.headers
    try {
      for (const { id, secret } of readings) {
        request.headers.authorization = `Bearer ${secret}`
        await requireKey(request).catch(ignoreUnknownKey)
        if (request.actor?.name === id) return
      }
    } finally {
      request.headers.authorization = authorization
    }
    throw new CodedError('invalid_api_key')
  }

  app.post(
    '/oauth2/introspect',
    { schema, config: { isForm: true }, bodyLimit: OAUTH_BODY_BYTES, onRequest },
    async (request) => {
      const { token, token_type_hint: hint } = request.body
      if (token === undefined) throw new OauthError('invalid_request', 'Send token')
      return toResponse(
        await useCases.introspect({
          token,
          mayBeRefreshToken: hint !== 'access_token',
          context: toRequestContext(request),
        }),
      )
    },
  )

  function toResponse(result: Introspection) {
    switch (result.outcome) {
      case 'inactive':
        return { active: false }
      case 'access_token':
        return { active: true, token_type: 'Bearer' as const, ...result.claims }
      case 'refresh_token': {
        const { session, user } = result
        return {
          active: true,
          iss: settings.issuer,
          sub: user.id,
          username: user.username,
          client_id: session.clientId,
          sid: session.id,
          iat: toSeconds(session.rotatedAtMs),
          exp: toSeconds(Math.min(session.idleUntilMs, session.expiresAtMs)),
        }
      }
      default:
        return result satisfies never
    }
  }
}

const toSeconds = (ms: number) => Math.floor(ms / 1000)

/** Another reading of the credentials may be a known key. */
function ignoreUnknownKey(error: unknown): void {
  if (!(error instanceof CodedError) || error.code !== 'invalid_api_key') throw error
}
