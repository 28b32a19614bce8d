type State = Readonly<{ active: boolean; version: number }>

type SessionUser<T> = { outcome: 'active'; user: T } | { outcome: 'user_inactive' | 'revoked' }

/**
 * Checks whether the current state of the user still allows a session that was issued for
 * `userVersion`. `undefined`: there is no such user.
 */
export function checkSessionUser<T extends State>(
  user: T | undefined,
  userVersion: number,
): SessionUser<T> {
  if (user === undefined || !user.active) return { outcome: 'user_inactive' }
  return user.version > userVersion ? { outcome: 'revoked' } : { outcome: 'active', user }
}
