import type { AccessTokenClaims } from '@auto-refresh/contracts'

/** The last change of a user's role. `issuedBefore`: Unix seconds, shortly after the change. */
export type RoleChange = Readonly<{ role: string; issuedBefore: number }>

/**
 * Whether a token has a role from before the change and is therefore due for a refresh. A token
 * with the new role is never stale, so a refresh always helps, even when clocks differ.
 */
export function isRoleStale(
  { role, iat }: Pick<AccessTokenClaims, 'role' | 'iat'>,
  change: RoleChange | undefined,
): boolean {
  return change !== undefined && role !== change.role && iat < change.issuedBefore
}
