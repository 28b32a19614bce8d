import { CodedError, CreateSessionBody, TokenPairData } from '@auto-refresh/contracts'
import { createFindApiKey } from '@auto-refresh/service-kit/http'
import type { FastifyRequest } from 'fastify'
import { ADMINISTRATIVE_ROLES } from '../../../domain/role.ts'
import type { OpenExternalSessionResult } from '../../../use-cases/sign-in/open-external-session.ts'
import { toForwardedCookie } from '../request/to-forwarded-cookie.ts'
import { toForwardedContext } from '../request/request-context.ts'
import { createRespondWithPair } from './create-respond-with-pair.ts'
import { PAIR_HEADERS, userResponses } from './responses.ts'
import { byApiKey, type App, type RouteDeps } from './route.ts'

/**
 * Adds `POST /sessions`, with which a back end opens a session for a user of its own login. The key
 * is the proof that no foreign page sends the request, also for a cookie.
 */
export function addExternalSessions(app: App, deps: RouteDeps): void {
  const { useCases, settings, requireScope, clock } = deps
  const cookie = toForwardedCookie(settings)
  const respondWithPair = createRespondWithPair({ settings: { ...settings, cookie }, clock })
  const findApiKey = createFindApiKey(settings.apiKeys)
  const schema = {
    operationId: 'createSession',
    tags: ['back ends'],
    summary: 'Open a session for a user of your own login',
    body: CreateSessionBody,
    response: userResponses(TokenPairData, PAIR_HEADERS),
    security: byApiKey('sessions:create'),
  }

  /** The key would otherwise administer, by a session of an administrator. */
  function toProtectedRoles(request: FastifyRequest): string[] {
    const scopes = findApiKey(request)?.scopes ?? []
    return Object.entries(ADMINISTRATIVE_ROLES)
      .filter(([, scope]) => !scopes.includes(scope))
      .map(([role]) => role)
  }

  app.post(
    '/sessions',
    { schema, onRequest: requireScope('sessions:create') },
    async (request, reply) => {
      if (request.actor === undefined) throw new CodedError('invalid_api_key')
      const { user, client, authenticated_at: authenticatedAt, amr = [] } = request.body
      const { external_id: externalId, username, role, claims } = user
      const { transport = 'body' } = request.body
      const result = await useCases.openExternalSession({
        user: { externalId, username, role, claims },
        protectedRoles: toProtectedRoles(request),
        method: 'external',
        actor: request.actor,
        amr,
        authenticatedAtMs: authenticatedAt === undefined ? undefined : authenticatedAt * 1000,
        context: toForwardedContext(client, request),
      })
      if (result.outcome !== 'opened') throw toError(result)
      return respondWithPair(reply, {
        pair: result.pair,
        transport,
        message: 'Login Successfully',
      })
    },
  )
}

function toError(refusal: Exclude<OpenExternalSessionResult, { outcome: 'opened' }>): CodedError {
  switch (refusal.outcome) {
    // Not a 401, which would say that the key is wrong.
    case 'user_inactive':
      return new CodedError('user_inactive', { status: 403 })
    case 'role_protected':
      return new CodedError('insufficient_scope', {
        detail:
          'The role of this user needs a key with admin:read (auditor) or admin:write (admin)',
      })
    case 'rate_limited':
      return new CodedError('rate_limited', { retryAfterSeconds: refusal.retryAfterSeconds })
  }
}
