import { CodedError, IdParams, NoticesData } from '@auto-refresh/contracts'
import type { NoticeKind } from '../../../ports/notices.ts'
import { toUtc } from './to-utc.ts'
import { nothing, NothingData, RENEWAL_HEADERS, userResponses } from './responses.ts'
import { GUARDED, type App, type RouteDeps } from './route.ts'

const MESSAGES: Readonly<Record<NoticeKind, string>> = {
  session_ended_token_reused:
    'A session of yours was ended because its refresh token was used twice. If you do not know why, change your password.',
  password_changed:
    'Your password was changed, and your other sessions were ended. If that was not you, ask for a new password at once.',
}

/** Adds the routes that list and dismiss notices. */
export function addNotices(app: App, { useCases }: RouteDeps): void {
  const schema = { tags: ['notices'], ...GUARDED }

  app.get(
    '/notices',
    {
      schema: {
        ...schema,
        operationId: 'listNotices',
        summary: 'List the notices for the user',
        response: userResponses(NoticesData, RENEWAL_HEADERS),
      },
    },
    async ({ user }) => {
      const notices = await useCases.listNotices({ userId: user.sub })
      return {
        status: 200,
        message: 'Notices retrieved successfully',
        data: {
          notices: notices.map(({ id, kind, sessionId, occurredAtMs }) => ({
            id,
            kind,
            ...(sessionId !== undefined && { session_id: sessionId }),
            occurred_at: toUtc(occurredAtMs),
            message: MESSAGES[kind],
          })),
        },
      }
    },
  )

  const dismissal = {
    ...schema,
    operationId: 'dismissNotice',
    summary: 'Dismiss a notice',
    params: IdParams,
    response: userResponses(NothingData, RENEWAL_HEADERS),
  }
  app.delete('/notices/:id', { schema: dismissal }, async ({ user, params }) => {
    const { outcome } = await useCases.dismissNotice({
      userId: user.sub,
      id: params.id,
      sessionId: user.sid,
    })
    if (outcome === 'older_session')
      throw new CodedError('recent_sign_in_required', {
        detail: 'Sign in again to dismiss this notice: it is newer than your session',
      })
    if (outcome === 'not_found') throw new CodedError('not_found')
    return nothing('Notice dismissed successfully')
  })
}
