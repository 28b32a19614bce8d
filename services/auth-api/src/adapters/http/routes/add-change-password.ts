import { ChangePasswordBody } from '@auto-refresh/contracts'
import { toPasswordError } from '../errors/to-password-error.ts'
import { toRequestContext } from '../request/request-context.ts'
import { nothing, NothingData, RENEWAL_HEADERS, userResponses } from './responses.ts'
import { GUARDED, type App, type RouteDeps } from './route.ts'

/** Adds `/password`. */
export function addChangePassword(app: App, { useCases }: RouteDeps): void {
  const schema = {
    operationId: 'changePassword',
    tags: ['passwords'],
    summary: 'Change the own password; all other sessions end',
    body: ChangePasswordBody,
    response: userResponses(NothingData, RENEWAL_HEADERS),
    ...GUARDED,
  }

  app.post('/password', { schema }, async (request) => {
    const { current_password: currentPassword, new_password: newPassword } = request.body
    const result = await useCases.changePassword({
      userId: request.user.sub,
      sessionId: request.user.sid,
      currentPassword,
      newPassword,
      context: toRequestContext(request),
    })
    if (result.outcome !== 'changed') throw toPasswordError(result)
    return nothing('Password changed successfully')
  })
}
