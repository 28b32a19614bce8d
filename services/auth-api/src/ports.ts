import type {
  AccessTokenClaims,
  InspectRequest,
  InspectResult,
  IssueRequest,
  IssueResult,
  ListSessionsResult,
  PeekResult,
  RevocationsRequest,
  RevocationsResult,
  RevokeReason,
  RevokeSessionRequest,
  RevokeSessionResult,
  RevokeUserRequest,
  RevokeUserResult,
  RotateRequest,
  RotateResult,
} from '@auto-refresh/contracts'
import type { JSONWebKeySet } from 'jose'

/** Where a request comes from. `address` is whole and stays inside auth-api; `network` and `agent` travel on. */
export type RequestContext = Readonly<{ address: string; network: string; agent: string; straightFromLoopback: boolean }>

/** token-store, in process or over HTTP. Trouble is thrown as `CodedError('unavailable')`. */
export interface TokenStore {
  issue(request: IssueRequest): Promise<IssueResult>
  rotate(request: RotateRequest): Promise<RotateResult>
  peek(request: RotateRequest): Promise<PeekResult>
  inspect(request: InspectRequest): Promise<InspectResult>
  revokeSession(request: RevokeSessionRequest): Promise<RevokeSessionResult>
  revokeUser(request: RevokeUserRequest): Promise<RevokeUserResult>
  listSessions(request: { userId: string }): Promise<ListSessionsResult>
  revocations(request: RevocationsRequest): Promise<RevocationsResult>
}

export type User = Readonly<{
  id: string
  username: string
  role: string
  active: boolean
  /** raised by everything that ends all of the user's sessions; a session of a lower version is over */
  version: number
  demo: boolean
  passwordHash: string
}>
/** What a pending revocation tells token-store, until it has acknowledged it. */
export type PendingRevocation = Readonly<{ id: string; userId: string; version: number; reason: RevokeReason }>

export interface Users {
  /** By the normalised name (NFKC, lower case). */
  findByName(username: string): Promise<User | undefined>
  /** One statement for all, with a short deadline: it runs after a rotation has been committed. */
  findByIds(ids: readonly string[]): Promise<User[]>
  list(): Promise<User[]>
  /** `undefined` when the name is taken. */
  add(user: { username: string; role: string; passwordHash: string; demo: boolean }): Promise<User | undefined>
  setRole(id: string, role: string): Promise<void>
  /** Stores a hash made with newer parameters, if the password has not been changed meanwhile. */
  upgradePasswordHash(id: string, change: { from: string; to: string }): Promise<void>
  /**
   * Raises the version and leaves a pending revocation in the same transaction, together with the change given.
   * With `ifVersion`, only when the user still stands at it (a repeated logout-all does nothing the second time).
   */
  revoke(id: string, reason: RevokeReason, change: { active?: false; passwordHash?: string; ifVersion?: number }): Promise<PendingRevocation | undefined>
  /** Refuses (`false`) while a revocation of the user is still pending. */
  enable(id: string): Promise<boolean>
  pendingRevocations(): Promise<PendingRevocation[]>
  acknowledge(revocationId: string): Promise<void>
}

export interface Passwords {
  /** argon2id as a PHC string. Throws `CodedError('unavailable')` when too many wait. */
  hash(password: string): Promise<string>
  /** With `undefined` as hash it does the same work against a dummy and answers `matches: false`. */
  verify(password: string, hash: string | undefined): Promise<{ matches: boolean; outdated: boolean }>
}

export interface SigningKeys {
  /** Signs with the active key, from memory: nothing that can fail after a rotation was committed. */
  sign(claims: AccessTokenClaims): Promise<string>
  jwks(): JSONWebKeySet
}

export type AccessTokenCheck =
  | { outcome: 'valid' | 'expired' | 'revoked'; claims: AccessTokenClaims }
  | { outcome: 'missing' | 'invalid' }

export interface LoginThrottle {
  /** Takes one attempt before any hashing, so that parallel attempts count. */
  take(attempt: { usernameKey: string; address: string }): Promise<{ allowed: true } | { allowed: false; retryAfterSeconds: number }>
  /** Gives the attempt back: it was right. */
  succeeded(attempt: { usernameKey: string; address: string }): Promise<void>
}

/** Counts refused refresh tokens whose MAC was wrong, per address. */
export interface RefusedRefreshLimit {
  take(address: string): Promise<{ allowed: true } | { allowed: false; retryAfterSeconds: number }>
}

/** Sessions whose access tokens are dead before they expire. Kept in memory, read from token-store every 500 ms. */
export interface Revocations {
  isRevoked(sessionId: string): boolean
  add(entry: { sessionId: string; untilMs: number }): void
}

export type LoginRecord = Readonly<{
  outcome: 'succeeded' | 'invalid_credentials' | 'user_inactive' | 'rate_limited'
  usernameHash: string
  userId?: string
  sessionId?: string
  context: RequestContext
}>
/** The audit trail of logins: written before the event, so that none is lost to an investigation. */
export interface LoginAudit {
  record(login: LoginRecord): Promise<void>
  hasSignedInFrom(userId: string, address: string): Promise<boolean>
}

export type Notice = Readonly<{ id: string; userId: string; sessionId: string; occurredAtMs: number }>
export interface Notices {
  /** Idempotent by the event id. */
  leave(notice: Notice): Promise<void>
  list(userId: string): Promise<Notice[]>
  dismiss(userId: string, id: string): Promise<boolean>
}

export interface Clock {
  nowMs(): number
}
