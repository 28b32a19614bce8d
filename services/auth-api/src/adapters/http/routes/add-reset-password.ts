import { ResetPasswordBody } from '@auto-refresh/contracts'
import { toPasswordError } from '../errors/to-password-error.ts'
import { toRequestContext } from '../request/request-context.ts'
import { nothing, NothingData, userResponses } from './responses.ts'
import type { App, RouteDeps } from './route.ts'

/** Adds `/password-reset`. */
export function addResetPassword(app: App, { useCases }: RouteDeps): void {
  const schema = {
    operationId: 'resetPassword',
    tags: ['passwords'],
    summary: 'Set a password with a one-time token; all sessions end',
    body: ResetPasswordBody,
    response: userResponses(NothingData),
  }

  app.post('/password-reset', { schema }, async (request) => {
    const result = await useCases.resetPassword({
      token: request.body.token,
      newPassword: request.body.new_password,
      context: toRequestContext(request),
    })
    if (result.outcome !== 'changed') throw toPasswordError(result)
    return nothing('Password set successfully')
  })
}
