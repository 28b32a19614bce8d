import type { RequestContext } from './request-context.ts'

export type LoginRecord = Readonly<{
  outcome: 'succeeded' | 'invalid_credentials' | 'user_inactive' | 'rate_limited'
  usernameHash: string
  userId?: string
  sessionId?: string
  context: RequestContext
}>

/**
 * The audit trail of logins: written before the event, so that none is lost to an investigation.
 */
export interface LoginAudit {
  record(login: LoginRecord): Promise<void>
  /** Whether this name was signed in from this address block before. */
  hasSignedInFrom(usernameHash: string, block: string): Promise<boolean>
  /** Successful sign-ins, the latest first, one page. `next` is where the next page begins. */
  signInsBefore(before?: string): Promise<{
    signIns: readonly Readonly<{ usernameHash: string; address: string }>[]
    next: string | undefined
  }>
}

/**
 * The login events, after the audit row. It never waits and never fails: what the bounded queue
 * cannot hold is counted.
 */
export interface LoginEvents {
  publish(login: LoginRecord): void
}
