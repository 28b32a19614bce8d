import type { AccessTokenClaims } from '@auto-refresh/contracts'

/** The last change of a user's role. `issuedBefore`: Unix seconds, a little after the change. */
export type RoleChange = Readonly<{ role: string; issuedBefore: number }>

/**
 * Whether a token carries a role from before the change: it is due for a refresh. A token with the
 * new role never is, so a refresh always helps, however far the clocks are apart.
 */
export function isRoleStale(
  { role, iat }: Pick<AccessTokenClaims, 'role' | 'iat'>,
  change: RoleChange | undefined,
): boolean {
  return change !== undefined && role !== change.role && iat < change.issuedBefore
}
