export { createAccessTokenVerifier } from './access-token-verifier.ts'
export { accessGuard, type AccessTokenCheck } from './access-guard.ts'
export { autoRefresh, type AutoRefreshOptions } from './auto-refresh.ts'
export { isDue } from './is-due.ts'
export { isRoleStale, type RoleChange } from './is-role-stale.ts'
export { isLoopbackHost } from './is-loopback-host.ts'
export { isLoopbackUrl, isPlainLoopback } from './is-plain-loopback.ts'
export { readBearerToken } from './read-bearer-token.ts'
export { readRefreshToken, type PresentedRefreshToken } from './read-refresh-token.ts'
export {
  clearRefreshCookie,
  setRefreshCookie,
  type RefreshCookieSettings,
} from './refresh-cookie.ts'
export { createSharedClock, type SharedClock } from './shared-clock.ts'
export type { Renewal, RenewalRequest } from './renewal.ts'
export { reportOffset } from './report-offset.ts'
export { requireRole } from './require-role.ts'
