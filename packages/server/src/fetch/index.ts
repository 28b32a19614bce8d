export {
  autoRefresh,
  type AutoRefreshOptions,
  type FetchAuth,
  type UserHandler,
} from './auto-refresh.ts'
export { requireRole } from './require-role.ts'
export type { RefreshCookieSettings } from '../core/refresh-cookie-fields.ts'
export type { User, UserClaims } from '../core/user.ts'
