import type { RequestContext } from './request-context.ts'

export type LoginRecord = Readonly<{
  outcome: 'succeeded' | 'invalid_credentials' | 'user_inactive' | 'rate_limited'
  usernameHash: string
  userId?: string
  sessionId?: string
  context: RequestContext
}>

/** The audit trail of logins. Each login is written before its event, so that none is lost. */
export interface LoginAudit {
  record(login: LoginRecord): Promise<void>
  /** Whether this name has signed in from this address block before. */
  hasSignedInFrom(usernameHash: string, block: string): Promise<boolean>
  /** Reads one page of successful sign-ins, newest first. `next`: where the next page begins. */
  signInsBefore(before?: string): Promise<{
    signIns: readonly Readonly<{ usernameHash: string; address: string }>[]
    next: string | undefined
  }>
}

/**
 * Publishes login events, after the audit row. It never waits and never fails: events that do not
 * fit in the bounded queue are dropped and counted.
 */
export interface LoginEvents {
  publish(login: LoginRecord): void
}
