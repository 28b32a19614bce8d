import { refusePassword } from '../../domain/password-policy.ts'
import type { PasswordTokenCodes, PasswordTokens } from '../../ports/password-tokens.ts'
import type { Passwords } from '../../ports/passwords.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import type { AttemptLimit } from '../../ports/sign-in-limits.ts'
import type { Log, Metrics } from '../../ports/telemetry.ts'
import type { RecordPasswordChange } from './record-password-change.ts'

export type ResetPasswordResult =
  | { outcome: 'changed' }
  /** unknown, used, expired, or older than the password */
  | { outcome: 'invalid_token' }
  /** `reason`: a sentence for the user */
  | { outcome: 'refused'; reason: string }
  | { outcome: 'rate_limited'; retryAfterSeconds: number }

type ResetPasswordRequest = Readonly<{
  token: string
  newPassword: string
  context: RequestContext
}>
export type ResetPassword = (request: ResetPasswordRequest) => Promise<ResetPasswordResult>

type ResetPasswordDeps = Readonly<{
  passwordTokens: Pick<PasswordTokens, 'find' | 'use'>
  tokenCodes: Pick<PasswordTokenCodes, 'toHash'>
  passwords: Pick<Passwords, 'hash'>
  /** wrong tokens of one address */
  limit: AttemptLimit
  recordPasswordChange: RecordPasswordChange
  /** Starts the deadline for waiting in queues. */
  startDeadline: () => AbortSignal
  metrics: Pick<Metrics, 'passwordChanged' | 'rateLimited'>
  log: Log
}>

/**
 * Sets a password with a one-time token and ends all sessions of the user. A password that the
 * policy refuses does not use up the token. Throws `CodedError('unavailable')`: the connection may
 * have broken after the commit, so the token is still valid, or the new password is set.
 */
export function createResetPassword(deps: ResetPasswordDeps): ResetPassword {
  const { passwordTokens, passwords, limit, metrics, log } = deps

  return async (request) => {
    const result = await reset(request).catch((error: unknown) => {
      metrics.passwordChanged('reset', 'unavailable')
      throw error
    })
    metrics.passwordChanged('reset', result.outcome)
    return result
  }

  async function reset(request: ResetPasswordRequest): Promise<ResetPasswordResult> {
    const { token, newPassword, context } = request
    const tokenHash = deps.tokenCodes.toHash(token)
    const user = await passwordTokens.find(tokenHash)
    if (user === undefined) return refuseToken(context)
    const reason = refusePassword(newPassword, user.username)
    if (reason !== undefined) return { outcome: 'refused', reason }
    const passwordHash = await passwords.hash(newPassword, {
      deadline: deps.startDeadline(),
      first: true,
    })
    const revocation = await passwordTokens.use({ tokenHash, passwordHash })
    if (revocation === undefined) return refuseToken(context)
    await deps.recordPasswordChange({ method: 'reset', user, context })
    return { outcome: 'changed' }
  }

  /**
   * Only wrong tokens count, after a look-up of one indexed read: with a limit before it, one
   * address would lock out everybody behind it.
   */
  async function refuseToken({ block, network }: RequestContext): Promise<ResetPasswordResult> {
    log.debug({ event: 'password_token_refused', network }, 'Token refused')
    const taken = await limit.take(block)
    if (taken.allowed) return { outcome: 'invalid_token' }
    metrics.rateLimited('password_reset')
    return { outcome: 'rate_limited', retryAfterSeconds: taken.retryAfterSeconds }
  }
}
