import { CodedError, type TokenStore } from '@auto-refresh/contracts'
import { toExternalKey } from '../../domain/external-user.ts'
import { refusePassword } from '../../domain/password-policy.ts'
import { toUsernameKey } from '../../domain/username.ts'
import type { HashTurn, Passwords } from '../../ports/passwords.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import type { HashUsername, LoginThrottle } from '../../ports/sign-in-limits.ts'
import type { Log, Metrics } from '../../ports/telemetry.ts'
import type { User, Users } from '../../ports/users.ts'
import type { DeliverRevocations } from '../sessions/deliver-revocations.ts'
import type { RecordLogin } from '../sign-in/record-login.ts'
import type { RecordPasswordChange } from './record-password-change.ts'

export type ChangePasswordResult =
  | { outcome: 'changed' }
  | { outcome: 'wrong_password' }
  /** the session has ended */
  | { outcome: 'revoked' }
  /** `reason`: a sentence for the user */
  | { outcome: 'refused'; reason: string }
  | { outcome: 'rate_limited'; retryAfterSeconds: number }

type ChangePasswordRequest = Readonly<{
  userId: string
  /** the session of the access token */
  sessionId: string
  currentPassword: string
  newPassword: string
  context: RequestContext
}>
export type ChangePassword = (request: ChangePasswordRequest) => Promise<ChangePasswordResult>

type ChangePasswordDeps = Readonly<{
  users: Pick<Users, 'findByIds' | 'revoke'>
  passwords: Pick<Passwords, 'hash' | 'verify'>
  throttle: LoginThrottle
  tokenStore: Pick<TokenStore, 'inspect'>
  deliverRevocations: DeliverRevocations
  recordLogin: RecordLogin
  recordPasswordChange: RecordPasswordChange
  hashUsername: HashUsername
  /** Starts the deadline for waiting in queues. */
  startDeadline: () => AbortSignal
  metrics: Pick<Metrics, 'passwordChanged' | 'rateLimited'>
  log: Log
}>

/**
 * Changes the own password and ends all other sessions of the user. A wrong current password counts
 * as a failed sign-in of the user, so that a stolen access token is no way around the limits. Throws
 * `CodedError('unavailable')`: the connection may have broken after the commit, so the password is
 * unchanged or the new one. A retry finds out, and succeeds in both cases.
 */
export function createChangePassword(deps: ChangePasswordDeps): ChangePassword {
  const { users, passwords, throttle, tokenStore, deliverRevocations, recordLogin, metrics, log } =
    deps

  return async (request) => {
    const result = await change(request).catch((error: unknown) => {
      metrics.passwordChanged('own', 'unavailable')
      throw error
    })
    metrics.passwordChanged('own', result.outcome)
    return result
  }

  async function change(request: ChangePasswordRequest): Promise<ChangePasswordResult> {
    const { userId, currentPassword, newPassword, context } = request
    if (!currentPassword.isWellFormed()) throw new CodedError('invalid_request')
    const [user] = await users.findByIds([userId])
    if (user?.active !== true) return { outcome: 'revoked' }
    const reason =
      refusePassword(newPassword, user.username) ??
      (newPassword === currentPassword ? 'The new password is the current one' : undefined)
    if (reason !== undefined) return { outcome: 'refused', reason }

    // A user without a password shares no limit with a local user of the same name.
    const name =
      user.passwordHash === undefined ? toExternalKey(userId) : toUsernameKey(user.username)
    const usernameHash = deps.hashUsername(name)
    const { block } = context
    const deadline = deps.startDeadline()
    // A session is live: no flood of sign-ins makes its user wait.
    const turn = { deadline, first: true }
    const login = { method: 'password', usernameHash, userId, context } as const
    const taken = await throttle.take({ usernameKey: name, block }, deadline)
    if (!taken.allowed) {
      metrics.rateLimited(taken.limiter)
      // One row for each window, so that a flood does not fill the audit table.
      if (taken.isFirst) await recordLogin({ ...login, outcome: 'rate_limited' })
      return { outcome: 'rate_limited', retryAfterSeconds: taken.retryAfterSeconds }
    }
    let wasWrong = false
    try {
      const { matches } = await passwords.verify(currentPassword, user.passwordHash, turn)
      if (matches) return await store(user, request, turn)
      if (await isRetry(user, request, turn)) return await succeed(user, request)
      wasWrong = true
      await recordLogin({ ...login, outcome: 'invalid_credentials' })
      return { outcome: 'wrong_password' }
    } finally {
      // Not awaited: it may wait in a queue, and the response is already decided.
      taken
        .end(wasWrong ? 'wrong' : 'right')
        .catch((error: unknown) => log.warn({ err: error }, 'Refunding an attempt failed'))
    }
  }

  /** Whether this session has already made this change, so that its response was lost. */
  async function isRetry(
    user: User,
    { sessionId, newPassword }: ChangePasswordRequest,
    turn: HashTurn,
  ): Promise<boolean> {
    if (user.passwordHash === undefined || user.keptSessionId !== sessionId) return false
    return (await passwords.verify(newPassword, user.passwordHash, turn)).matches
  }

  async function store(
    user: User,
    request: ChangePasswordRequest,
    turn: HashTurn,
  ): Promise<ChangePasswordResult> {
    const { sessionId, newPassword } = request
    // Earlier revocations come first, or keeping this session could undo one of them.
    await deliverRevocations({ userId: user.id })
    const found = await tokenStore.inspect({ sessionId })
    if (found.outcome !== 'found' || !found.active) return { outcome: 'revoked' }
    const { userVersion } = found.session
    // Another request of this session, such as a second click, has changed the password meanwhile.
    if (userVersion > user.version) throw new CodedError('unavailable')
    if (userVersion < user.version) return { outcome: 'revoked' }
    const passwordHash = await passwords.hash(newPassword, turn)
    const revocation = await users.revoke(user.id, 'password_changed', {
      passwordHash,
      ifVersion: user.version,
      keptSessionId: sessionId,
    })
    // Something else has ended the sessions meanwhile; a retry finds out what this session may do.
    if (revocation === undefined) throw new CodedError('unavailable')
    return succeed(user, request)
  }

  /** Also after a retry: the event may have been lost with the first response. */
  async function succeed(
    user: User,
    { sessionId, context }: ChangePasswordRequest,
  ): Promise<ChangePasswordResult> {
    await deps.recordPasswordChange({ method: 'own', user, sessionId, context })
    return { outcome: 'changed' }
  }
}
