export const DEFAULT_ROLE = 'user'

/**
 * Returns why a role is refused, as a sentence; `undefined` when it is accepted. Roles are plain
 * ASCII, because every access token carries one.
 */
export function refuseRole(role: string): string | undefined {
  return /^[a-z][a-z0-9_-]{0,31}$/.test(role)
    ? undefined
    : 'The role must be 1 to 32 of a-z, 0-9, - and _, and begin with a letter'
}

/**
 * Roles of the administration API, and the scope of an API key that may do the same. A key without
 * the scope neither assigns the role nor opens a session of a user who has it. A session that it
 * opened before keeps working after its user is promoted: end the user's sessions when you promote.
 */
export const ADMINISTRATIVE_ROLES = { auditor: 'admin:read', admin: 'admin:write' } as const
/** May read in the administration API. */
export const AUDITOR_ROLE = 'auditor'
/** May read and write in the administration API. */
export const ADMIN_ROLE = 'admin'
