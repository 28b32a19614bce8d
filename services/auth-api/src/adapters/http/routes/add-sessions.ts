import { CodedError, IdParams, SessionsData } from '@auto-refresh/contracts'
import { isRecentSignIn } from '../../../domain/access-token-claims.ts'
import { toRequestContext } from '../request/request-context.ts'
import { toUtc } from './to-utc.ts'
import { nothing, NothingData, RENEWAL_HEADERS, userResponses } from './responses.ts'
import { GUARDED, type App, type RouteDeps } from './route.ts'

/** Adds the routes that list and end sessions. */
export function addSessions(app: App, { useCases, clock }: RouteDeps): void {
  const schema = { tags: ['sessions'], ...GUARDED }

  app.get(
    '/sessions',
    {
      schema: {
        ...schema,
        operationId: 'listSessions',
        summary: 'List the sessions of the user',
        response: userResponses(SessionsData, RENEWAL_HEADERS),
      },
    },
    async ({ user }) => {
      const sessions = await useCases.listSessions({ userId: user.sub })
      return {
        status: 200,
        message: 'Sessions retrieved successfully',
        data: {
          sessions: sessions.map(
            ({ id, authenticatedAtMs, rotatedAtMs, expiresAtMs, network, agent }) => ({
              id,
              current: id === user.sid,
              signed_in_at: toUtc(authenticatedAtMs),
              // To the minute: the exact time would tell a thief when to refresh.
              last_refreshed_at: toUtc(
                Math.max(authenticatedAtMs, rotatedAtMs - (rotatedAtMs % 60_000)),
              ),
              expires_at: toUtc(expiresAtMs),
              network,
              user_agent: agent,
            }),
          ),
        },
      }
    },
  )

  const ending = {
    ...schema,
    operationId: 'endSession',
    summary: 'End a session of the user',
    params: IdParams,
    response: userResponses(NothingData, RENEWAL_HEADERS),
  }
  app.delete('/sessions/:id', { schema: ending }, async (request) => {
    const sessionId = request.params.id.toLowerCase()
    if (sessionId !== request.user.sid && !isRecentSignIn(request.user, clock.nowMs()))
      throw new CodedError('recent_sign_in_required')
    const { outcome } = await useCases.endSession({
      userId: request.user.sub,
      sessionId,
      context: toRequestContext(request),
    })
    if (outcome === 'not_found') throw new CodedError('not_found')
    return nothing('Session ended successfully')
  })
}
