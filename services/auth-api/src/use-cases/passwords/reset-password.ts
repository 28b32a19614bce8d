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
 * policy refuses does not use up the token. Throws `CodedError('unavailable')`; the token is then
 * still valid.
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
    const { block } = request.context
    const taken = await limit.take(block)
    if (!taken.allowed) {
      metrics.rateLimited('password_reset')
      return { outcome: 'rate_limited', retryAfterSeconds: taken.retryAfterSeconds }
    }
    let isGuess = false
    try {
      const result = await set(request)
      isGuess = result.outcome === 'invalid_token'
      return result
    } finally {
      if (!isGuess) await limit.refund(block)
    }
  }

  async function set({
    token,
    newPassword,
    context,
  }: ResetPasswordRequest): Promise<ResetPasswordResult> {
    const tokenHash = deps.tokenCodes.toHash(token)
    const user = await passwordTokens.find(tokenHash)
    if (user === undefined) {
      log.debug({ event: 'password_token_refused', network: context.network }, 'Token refused')
      return { outcome: 'invalid_token' }
    }
    const reason = refusePassword(newPassword, user.username)
    if (reason !== undefined) return { outcome: 'refused', reason }
    const passwordHash = await passwords.hash(newPassword, {
      deadline: deps.startDeadline(),
      first: true,
    })
    const revocation = await passwordTokens.use({ tokenHash, passwordHash })
    if (revocation === undefined) return { outcome: 'invalid_token' }
    await deps.recordPasswordChange({ method: 'reset', user, context })
    return { outcome: 'changed' }
  }
}
