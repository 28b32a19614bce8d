export {
  autoRefresh,
  type AutoRefreshOptions,
  type ExpressAuth,
  type Middleware,
} from './auto-refresh.ts'
export { requireRole } from './require-role.ts'
export { userOf } from './user-of.ts'
export type { RefreshCookieSettings } from '../core/refresh-cookie-fields.ts'
export type { User, UserClaims } from '../core/user.ts'
