import { CodedError, type TokenStore } from '@auto-refresh/contracts'
import { toExternalKey } from '../../domain/external-user.ts'
import { refusePassword } from '../../domain/password-policy.ts'
import { toUsernameKey } from '../../domain/username.ts'
import type { Passwords } from '../../ports/passwords.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import type { FamiliarSignIns, HashUsername, LoginThrottle } from '../../ports/sign-in-limits.ts'
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
  passwords: Passwords
  throttle: LoginThrottle
  familiar: Pick<FamiliarSignIns, 'has'>
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
 * `CodedError('unavailable')`; the password is then unchanged.
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
    const turn = { deadline, first: deps.familiar.has({ usernameHash, block }) }
    if (!turn.first && passwords.isBusy()) throw new CodedError('unavailable')
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

  async function store(
    user: User,
    { sessionId, newPassword, context }: ChangePasswordRequest,
    turn: { deadline: AbortSignal },
  ): Promise<ChangePasswordResult> {
    // Earlier revocations come first, or keeping this session could undo one of them.
    await deliverRevocations({ userId: user.id })
    const found = await tokenStore.inspect({ sessionId })
    if (found.outcome !== 'found' || !found.active || found.session.userVersion !== user.version)
      return { outcome: 'revoked' }
    const passwordHash = await passwords.hash(newPassword, { ...turn, first: true })
    const revocation = await users.revoke(user.id, 'password_changed', {
      passwordHash,
      ifVersion: user.version,
      keptSessionId: sessionId,
    })
    // Something else has ended the sessions meanwhile; a retry finds out what this session may do.
    if (revocation === undefined) throw new CodedError('unavailable')
    await deps.recordPasswordChange({ method: 'own', user, sessionId, context })
    return { outcome: 'changed' }
  }
}
