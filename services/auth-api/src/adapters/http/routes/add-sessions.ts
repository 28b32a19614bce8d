import { CodedError, IdParams, SessionsData } from '@auto-refresh/contracts'
import { toRequestContext } from '../request-context.ts'
import { toUtc } from '../to-utc.ts'
import { nothing, NothingData, RENEWAL_HEADERS, userAnswers } from './answers.ts'
import { GUARDED, type App, type RouteDeps } from './route.ts'

export function addSessions(app: App, { useCases }: RouteDeps): void {
  const schema = { tags: ['sessions'], ...GUARDED }

  app.get('/sessions', { schema: { ...schema, summary: "The user's devices", response: userAnswers(SessionsData, RENEWAL_HEADERS) } }, async ({ user }) => {
    const sessions = await useCases.listSessions({ userId: user.sub })
    return {
      status: 200,
      message: 'Sessions retrieved successfully',
      data: {
        sessions: sessions.map(({ id, authenticatedAtMs, rotatedAtMs, expiresAtMs, network, agent }) => ({
          id,
          current: id === user.sid,
          signed_in_at: toUtc(authenticatedAtMs),
          // to the minute: it must not say when a thief should follow
          last_refreshed_at: toUtc(Math.max(authenticatedAtMs, rotatedAtMs - (rotatedAtMs % 60_000))),
          expires_at: toUtc(expiresAtMs),
          network,
          user_agent: agent,
        })),
      },
    }
  })

  const ending = { ...schema, summary: 'End one of them', params: IdParams, response: userAnswers(NothingData, RENEWAL_HEADERS) }
  app.delete('/sessions/:id', { schema: ending }, async (request) => {
    const { outcome } = await useCases.endSession({ userId: request.user.sub, sessionId: request.params.id.toLowerCase(), context: toRequestContext(request) })
    if (outcome === 'not_found') throw new CodedError('not_found')
    return nothing('Session ended successfully')
  })
}
