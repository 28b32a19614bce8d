import type { RequestContext } from './request-context.ts'

/** `external`: another system authenticated the user, and a back end with a key says so. */
export type LoginMethod = 'password' | 'external' | 'token_exchange'

export type LoginRecord = Readonly<{
  method: LoginMethod
  /** who says that the user was authenticated elsewhere, such as `key:shop` */
  actor?: string
  outcome: 'succeeded' | 'invalid_credentials' | 'user_inactive' | 'rate_limited'
  /** of an external user: the hash of the external id */
  usernameHash: string
  userId?: string
  sessionId?: string
  context: RequestContext
}>

/** The audit trail of logins. Each login is written before its event, so that none is lost. */
export interface LoginAudit {
  record(login: LoginRecord): Promise<void>
  /** Whether this name has signed in with a password from this address block before. */
  hasSignedInFrom(usernameHash: string, block: string): Promise<boolean>
  /** Reads one page of successful sign-ins with a password, newest first. `next`: where the next page begins. */
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
