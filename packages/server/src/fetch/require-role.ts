import { CodedError } from '@auto-refresh/contracts'
import type { User } from '../core/user.ts'
import type { UserHandler } from './auto-refresh.ts'
import { toGuardRequest } from './to-guard-request.ts'
import { toRefusalResponse } from './to-refusal-response.ts'

/**
 * Wraps a handler so that it runs only for users of this role; others get `forbidden` (403):
 * `auth(requireRole('admin', handler))`.
 */
export function requireRole<Req extends Request, Rest extends unknown[]>(
  role: string,
  handler: UserHandler<User, Req, Rest>,
): UserHandler<User | null, Req, Rest> {
  return async (request, { user }, ...rest) =>
    user?.role === role
      ? handler(request, { user }, ...rest)
      : toRefusalResponse(new CodedError('forbidden'), toGuardRequest(request, undefined).id ?? '')
}
