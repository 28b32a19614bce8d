import type {
  AccessTokenClaims,
  InspectRequest,
  InspectResult,
  IssueRequest,
  IssueResult,
  ListSessionsResult,
  PeekResult,
  RefusalCode,
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
import type { CryptoKey, JSONWebKeySet, JWK } from 'jose'
import type { SigningKeyAction, SigningKeyState, SigningKeyTimes } from './domain/signing-keys.ts'

/** Where a request comes from; what cannot be told is `unknown`. */
export type RequestContext = Readonly<{
  /** whole: it stays inside auth-api */
  address: string
  /**
   * what counts as one caller, as a CIDR: an IPv4 address, or the /64 of an IPv6 one, because
   * whoever has one address of it has all
   */
  block: string
  /** the /24 or /48; it travels on, as `agent` does */
  network: string
  agent: string
  straightFromLoopback: boolean
}>

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
  /**
   * raised by everything that ends all of the user's sessions; a session of a lower version is over
   */
  version: number
  demo: boolean
  passwordHash: string
}>
/** What a pending revocation tells token-store, until it has acknowledged it. */
export type PendingRevocation = Readonly<{
  id: string
  userId: string
  version: number
  reason: RevokeReason
}>

export interface Users {
  /** By the normalised name (NFKC, lower case). */
  findByName(username: string): Promise<User | undefined>
  /** One statement for all, with a short deadline: it runs after a rotation has been committed. */
  findByIds(ids: readonly string[]): Promise<User[]>
  list(): Promise<User[]>
  /** `undefined` when the name is taken. */
  add(user: {
    username: string
    role: string
    passwordHash: string
    demo: boolean
  }): Promise<User | undefined>
  /**
   * Records the change in the same transaction, so that access tokens with the old role are due.
   * `false` when the user has that role already: nothing changes.
   */
  setRole(id: string, role: string): Promise<boolean>
  /** Stores a hash made with newer parameters, if the password has not been changed meanwhile. */
  upgradePasswordHash(id: string, change: { from: string; to: string }): Promise<void>
  /**
   * Raises the version and leaves a pending revocation in the same transaction, together with the
   * change given. With `ifVersion`, only when the user still stands at it (a repeated logout-all
   * does nothing the second time).
   */
  revoke(
    id: string,
    reason: RevokeReason,
    change: { active?: false; passwordHash?: string; ifVersion?: number },
  ): Promise<PendingRevocation | undefined>
  /** Refuses (`false`) while a revocation of the user is still pending. */
  enable(id: string): Promise<boolean>
  /** Those of one user, or of all; the oldest first, at most a few hundred at once. */
  pendingRevocations(userId?: string): Promise<PendingRevocation[]>
  acknowledge(revocationId: string): Promise<void>
}

export type UserState = Readonly<Pick<User, 'id' | 'username' | 'role' | 'active' | 'version'>>
export interface KnownUsers {
  /**
   * The user as of now; where the database does not answer in time, as this process last saw it, at
   * most a day ago. `undefined` when there is no such user. Throws `CodedError('unavailable')` when
   * neither is known.
   */
  find(id: string): Promise<UserState | undefined>
  /** What is known from elsewhere: a sign-in has just read it. */
  remember(user: UserState): void
  /**
   * Whether the last reading failed: then nothing should be committed for a user who is not known
   * here.
   */
  areAway(): boolean
}

/**
 * Both throw `CodedError('unavailable')` when too many wait, or when `patience` ends before it is
 * their turn.
 */
/** When a hash is computed: `first` goes before all others, `patience` ends the wait. */
export type HashTurn = Readonly<{ patience?: AbortSignal | undefined; first?: boolean | undefined }>

export interface Passwords {
  /** Whether a hash that is not `first` would be refused now, because too many wait. */
  isBusy(): boolean
  /** argon2id as a PHC string. */
  hash(password: string, turn?: HashTurn): Promise<string>
  /**
   * With `undefined` as hash it does the same work against a dummy and answers `matches: false`;
   * likewise with a hash that is not argon2id, which it reports as `unreadable`.
   */
  verify(
    password: string,
    hash: string | undefined,
    turn?: HashTurn,
  ): Promise<{ matches: boolean; outdated: boolean; unreadable?: true }>
}

/** Names that have signed in from an address block lately: they go first when many sign in. */
export interface FamiliarSignIns {
  has(signIn: FamiliarSignIn): boolean
  /** Whether anybody has signed in from there. */
  hasBlock(block: string): boolean
  add(signIn: FamiliarSignIn): void
}
type FamiliarSignIn = Readonly<{ usernameHash: string; block: string }>

/**
 * Proves that a device has signed in as a user before (OWASP's device cookies): guesses elsewhere
 * do not stop it.
 */
export interface DeviceProofs {
  /** A proof dated today, for a device that was known by `id` before or for a new one. */
  issue(usernameKey: string, id?: string): string
  /**
   * The id of the device, or `undefined` where the proof is not ours, another user's, of an older
   * form or too old.
   */
  check(proof: string, usernameKey: string): string | undefined
}

export interface SigningKeys {
  /**
   * Signs with the active key, from memory: nothing that can fail after a rotation was committed.
   */
  sign(claims: AccessTokenClaims): Promise<string>
  jwks(): JSONWebKeySet
}

/**
 * The public half of one of our keys, of any state. An unknown kid is looked for in the database,
 * seldom more than once in some seconds; throws `CodedError('unavailable')` when that could not be
 * done.
 */
export type FindPublicKey = (kid: string) => CryptoKey | undefined | Promise<CryptoKey | undefined>

export type Sealed = Readonly<{ encryptionKid: string; box: Buffer }>
/** `name` is bound in: what was sealed for one row does not open in another. */
export interface KeyVault {
  seal(name: string, plain: Buffer): Sealed
  /**
   * Throws a `ConfigError` when the key is missing or another one, or when anything was changed.
   */
  open(name: string, sealed: Sealed): Buffer
}

/** A new key: the public half as the JWKS shows it, the private one (PEM) to be sealed. */
export type GenerateSigningKey = () => Promise<{ kid: string; publicJwk: JWK; pkcs8: Buffer }>
/** A retired key has no private half any more. */
export type StoredSigningKey = SigningKeyTimes &
  Readonly<{ publicJwk: JWK; sealed: Sealed | undefined }>
export type NewSigningKey = Readonly<{
  kid: string
  state: Exclude<SigningKeyState, 'retired'>
  publicJwk: JWK
  sealed: Sealed
}>
export type SigningKeyChange =
  | Exclude<SigningKeyAction, { action: 'create' }>
  | (NewSigningKey & { action: 'create' })
  /** others may hold it: its row goes, and its kid stays refused */
  | { action: 'deny'; kid: string }
/** The signing keys that others may hold: nothing that they signed counts. */
export interface RetiredKeys {
  isRetired(kid: string): boolean
  kids(): readonly string[]
}

/** The last change of a user's role. `issuedBefore`: Unix seconds, a little after the change. */
export type UserRoleChange = Readonly<{
  userId: string
  role: string
  issuedBefore: number
  expiresInSeconds: number
}>
/** Changed roles, for as long as an access token from before the change can live. */
export interface RoleChanges {
  of(userId: string): UserRoleChange | undefined
  /** Whether the token carries a role from before a change. */
  isStale(claims: Pick<AccessTokenClaims, 'sub' | 'role' | 'iat'>): boolean
  list(): readonly UserRoleChange[]
  /** The same for the same changes, in every process; empty when there is none. */
  tag(): string
}

/** Both throw `CodedError('unavailable')`. */
export interface SigningKeyStore {
  read(): Promise<StoredSigningKey[]>
  /** Those whose tokens are refused, the latest last; their rows are gone. */
  readRetired(): Promise<{ kid: string; retiredAtMs: number }[]>
  /**
   * One transaction that holds off every other process: what is decided on the keys as they are is
   * carried out; the keys as they are then.
   */
  change(
    decide: (keys: readonly StoredSigningKey[], nowMs: number) => Promise<SigningKeyChange[]>,
  ): Promise<StoredSigningKey[]>
}

/**
 * Form, header, signature, issuer, audience and expiry of an access token; nothing about
 * revocation.
 */
export type VerifyAccessToken = (
  token: string,
) => Promise<
  { outcome: 'valid' | 'expired'; claims: AccessTokenClaims } | { outcome: 'invalid' | 'retired' }
>

export type AccessTokenCheck =
  | { outcome: 'valid' | 'expired' | 'revoked'; claims: AccessTokenClaims }
  /** `retired`: it names a retired key, so nothing in it counts; a refresh helps */
  | { outcome: 'missing' | 'invalid' | 'retired' }
/** Whether it is time to renew: little life is left, and the session outlives the token. */
export type IsDue = (claims: Pick<AccessTokenClaims, 'exp' | 'session_exp'>) => boolean
export type CheckAccessToken = (token: string | undefined) => Promise<AccessTokenCheck>

export interface LoginThrottle {
  /**
   * Takes one attempt before any hashing, so that parallel attempts count; `end` says how it came
   * out. `right` gives it back, which is also for what failed through our own fault. `isFirst`: the
   * first refusal of this window. Throws `CodedError('unavailable')` when `patience` ends while
   * others are still being tried.
   */
  take(
    attempt: LoginAttempt,
    patience: AbortSignal,
  ): Promise<
    | { allowed: true; end: (outcome: 'right' | 'wrong') => Promise<void> }
    | { allowed: false; limiter: LoginLimiter; retryAfterSeconds: number; isFirst: boolean }
  >
}
export type LoginLimiter = 'login' | 'login_ip' | 'login_account'
/** `device`: the id of a device that has proven that it signed in as this user before */
export type LoginAttempt = Readonly<{
  usernameKey: string
  block: string
  device?: string | undefined
}>

/** Counts refused refresh tokens whose MAC was wrong, per address block. */
export interface RefusedRefreshLimit {
  take(block: string): Promise<{ allowed: true } | { allowed: false; retryAfterSeconds: number }>
}

/** Counts sessions that a user opens with the right password. */
export interface SignInLimit {
  take(userId: string): Promise<{ allowed: true } | { allowed: false; retryAfterSeconds: number }>
  /** For a session that was not opened through our own fault. */
  giveBack(userId: string): Promise<void>
}

/** Counts looks at a session that is not due, per session and address block. */
export interface LookLimit {
  take(key: string): Promise<{ allowed: true } | { allowed: false; retryAfterSeconds: number }>
}

/**
 * Sessions whose access tokens are dead before they expire. Kept in memory, read from token-store
 * every 500 ms.
 */
export interface Revocations {
  isRevoked(sessionId: string): boolean
  /**
   * Known here before the feed tells it; kept as long as any access token of the session can live.
   * `endedBefore`: it ended earlier, so the feed tells it within a second or never will.
   */
  add(sessionId: string, how?: { endedBefore: boolean }): void
}

/** The whole list, for back ends that verify access tokens by themselves. */
export interface RevocationFeed {
  /**
   * The same for the same sessions, in every process; another when one joins, leaves or lasts
   * longer.
   */
  tag(): string
  /** At most a second old, and the same object until then or until the list changes. */
  whole(): readonly { sessionId: string; expiresInSeconds: number }[]
  /**
   * What was revoked since that time of token-store's clock, less an overlap for what committed
   * late; `undefined` where only the whole list will do.
   */
  since(fromMs: number): readonly { sessionId: string; expiresInSeconds: number }[] | undefined
  /**
   * By token-store's clock, what had committed by then is on the list: where the next question for
   * what is new begins.
   */
  asOfMs(): number | undefined
  /**
   * Sessions that ended longer ago are on the list, but for rows that commit late; `Infinity`
   * before the first reading.
   */
  feedAgeMs(): number
  retiredKids(): readonly string[]
  roleChanges: Pick<RoleChanges, 'list' | 'tag'>
}

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
/** Refused refresh tokens; the same promises. */
export interface RefusalEvents {
  publish(
    refusal: Readonly<{
      code: RefusalCode
      sessionId: string | undefined
      context: RequestContext
    }>,
  ): void
}
/** HMAC-SHA256 of a normalised user name under USERNAME_HASH_KEY. */
export type HashUsername = (usernameKey: string) => string

export type Notice = Readonly<{
  id: string
  userId: string
  sessionId: string
  occurredAtMs: number
}>
export interface Notices {
  /** Idempotent by the event id. */
  leave(notice: Notice): Promise<void>
  list(userId: string): Promise<Notice[]>
  dismiss(userId: string, id: string): Promise<boolean>
}

export interface Clock {
  nowMs(): number
}

/** A unique id, as a UUID. */
export type CreateId = () => string

/** Runs something again and again, never twice at once; a fault does not end it. */
export interface Repeating {
  start(): void
  /** Resolves when the run under way has ended. */
  stop(): Promise<void>
}
/** `onError` is told the first of several faults in a row. */
export type CreateRepeating = (loop: {
  everyMs: number
  run: () => Promise<unknown>
  onError: (error: unknown) => void
}) => Repeating

/**
 * What pino offers, as far as the use cases need it. Never a token, a password or the name of a
 * failed login. What anybody can bring about as often as they like is `debug`.
 */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export const REFRESH_OPERATIONS = ['refresh', 'auto_refresh', 'middleware'] as const
export type RefreshOperation = (typeof REFRESH_OPERATIONS)[number]
export type RefreshMetricOutcome =
  | 'rotated'
  | 'replayed'
  | 'not_due'
  | 'reused'
  | 'expired'
  | 'revoked'
  | 'invalid'
  | 'unknown_kid'
  | 'unknown_session'
  | 'regressed'
  | 'session_mismatch'
  | 'user_inactive'
  | 'rate_limited'
  | 'unavailable'

/** Counts what has been decided, where it is decided. */
export interface Recorder {
  loggedIn(outcome: LoginRecord['outcome'] | 'unavailable'): void
  refreshed(
    operation: RefreshOperation,
    outcome: RefreshMetricOutcome,
    intervalSeconds?: number,
  ): void
  rateLimited(limiter: LoginLimiter | 'sign_in' | 'refused_refresh'): void
  loginEventsDropped(count: number): void
  revocationLearned(afterSeconds: number): void
}
