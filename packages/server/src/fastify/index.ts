export { accessGuard, type AccessTokenCheck } from './access-guard.ts'
export { autoRefresh, type AutoRefreshOptions } from './auto-refresh.ts'
export {
  clearRefreshCookie,
  setRefreshCookie,
  type RefreshCookieSettings,
} from './refresh-cookie.ts'
export { requireRole } from './require-role.ts'
