import { MeData } from '@auto-refresh/contracts'
import { toUtc } from './to-utc.ts'
import { RENEWAL_HEADERS, userResponses } from './responses.ts'
import { GUARDED, type App } from './route.ts'

/** Adds `/me`. */
export function addMe(app: App): void {
  const schema = {
    tags: ['sessions'],
    operationId: 'getCurrentUser',
    summary: 'Get the current user',
    response: userResponses(MeData, RENEWAL_HEADERS),
    ...GUARDED,
  }

  app.get('/me', { schema }, async ({ user }) => ({
    status: 200,
    message: 'User retrieved successfully',
    data: {
      user_id: user.sub,
      username: user.username,
      role: user.role,
      session_id: user.sid,
      authenticated_at: toUtc(user.auth_time * 1000),
      session_expires_at: toUtc(user.session_exp * 1000),
    },
  }))
}
