import type { App, RouteDeps } from '../route.ts'
import { addAdminSessions } from './add-admin-sessions.ts'
import { addAdminUsers } from './add-admin-users.ts'
import { addInvestigation } from './add-investigation.ts'
import { addPasswordTokens } from './add-password-tokens.ts'
import { createRequireAdmin } from './create-require-admin.ts'

/** Adds the administration API. */
export function addAdmin(app: App, deps: RouteDeps): void {
  const requireAdmin = createRequireAdmin(deps)
  addAdminUsers(app, deps, requireAdmin)
  addAdminSessions(app, deps, requireAdmin)
  addInvestigation(app, deps, requireAdmin)
  addPasswordTokens(app, deps, requireAdmin)
}
