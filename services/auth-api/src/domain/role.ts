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
