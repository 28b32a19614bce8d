import { CodedError } from '@auto-refresh/contracts'
import type { Middleware } from './auto-refresh.ts'
import { sendRefusal } from './send-refusal.ts'
import { userOf } from './user-of.ts'

/**
 * Creates a middleware that accepts only users of this role and answers others with `forbidden`.
 * Use it behind `auth`.
 */
export function requireRole(role: string): Middleware {
  return (request, response, next) => {
    if (userOf(request)?.role === role) next()
    else sendRefusal(new CodedError('forbidden'), request, response)
  }
}
