export { CodedError } from '@auto-refresh/contracts'
export type { AutoRefreshOptions } from './auto-refresh-options.ts'
export type { ClientRequest } from './client-request.ts'
export { createAccessTokenVerifier } from './create-access-token-verifier.ts'
export { createAutoRefresh, type AutoRefresh } from './create-auto-refresh.ts'
export { createGuard, type GuardOptions } from './create-guard.ts'
export { createSharedClock, type SharedClock } from './shared-clock.ts'
export type {
  AccessTokenCheck,
  Guard,
  GuardDecision,
  GuardRequest,
  HeaderField,
  PendingRenewal,
  UserRequirement,
} from './guard.ts'
export { isDue } from './is-due.ts'
export { isLoopbackHost } from './is-loopback-host.ts'
export { isLoopbackUrl, isPlainLoopback } from './is-plain-loopback.ts'
export { isRoleStale, type RoleChange } from './is-role-stale.ts'
export type { DebugLog, Log } from './log.ts'
export { readBearerToken } from './read-bearer-token.ts'
export { readRefreshToken, type PresentedRefreshToken } from './read-refresh-token.ts'
export {
  toClearedCookieFields,
  toRefreshCookieFields,
  type RefreshCookieSettings,
} from './refresh-cookie-fields.ts'
export type { Renewal, RenewalRequest } from './renewal.ts'
export { reportOffset } from './report-offset.ts'
export { toRefusal, type Refusal } from './to-refusal.ts'
export type { User, UserClaims } from './user.ts'
