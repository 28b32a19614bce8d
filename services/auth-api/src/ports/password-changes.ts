import type { RequestContext } from './request-context.ts'

export const PASSWORD_CHANGE_METHODS = ['own', 'reset'] as const

/** `own`: with the current password; `reset`: with a one-time token */
export type PasswordChangeMethod = (typeof PASSWORD_CHANGE_METHODS)[number]

export type PasswordChange = Readonly<{
  method: PasswordChangeMethod
  userId: string
  usernameHash: string
  /** the session that changed it, and stays */
  sessionId?: string
  context: RequestContext
}>

/** Publishes changes of passwords, in the order of login events. It never waits and never fails. */
export interface PasswordChangeEvents {
  passwordChanged(change: PasswordChange): void
}
