import type { LoginMethod, LoginRecord } from './login-records.ts'
import type { PasswordChangeMethod } from './password-changes.ts'
import type { LoginLimiter } from './sign-in-limits.ts'

/**
 * The part of pino that the use cases need. Never log a token, a password or the name of a failed
 * login. Events that anyone can cause without limit are `debug`.
 */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export const REFRESH_OPERATIONS = ['refresh', 'auto_refresh', 'middleware', 'verify'] as const

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

export type PasswordChangeOutcome =
  | 'changed'
  | 'wrong_password'
  | 'invalid_token'
  | 'revoked'
  | 'refused'
  | 'rate_limited'
  | 'unavailable'

/** Counts decisions where they are made. */
export interface Metrics {
  loggedIn(outcome: LoginRecord['outcome'] | 'unavailable', method: LoginMethod): void
  refreshed(
    operation: RefreshOperation,
    outcome: RefreshMetricOutcome,
    intervalSeconds?: number,
  ): void
  rateLimited(
    limiter: LoginLimiter | 'sign_in' | 'refused_refresh' | 'refused_exchange' | 'password_reset',
  ): void
  passwordChanged(method: PasswordChangeMethod, outcome: PasswordChangeOutcome): void
  loginEventsDropped(count: number): void
  revocationLearned(afterSeconds: number): void
}
