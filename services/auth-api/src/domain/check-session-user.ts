type State = Readonly<{ active: boolean; version: number; keptSessionId?: string }>
type OfUser = Readonly<{ id: string; userVersion: number }>

type SessionUser<T> = { outcome: 'active'; user: T } | { outcome: 'user_inactive' | 'revoked' }

/**
 * Checks whether the current state of the user still allows a session. The kept session of a changed
 * password is of the version before until token-store has carried out the revocation. `undefined`:
 * there is no such user.
 */
export function checkSessionUser<T extends State>(
  user: T | undefined,
  { id, userVersion }: OfUser,
): SessionUser<T> {
  if (user === undefined || !user.active) return { outcome: 'user_inactive' }
  const isKept = id === user.keptSessionId && userVersion === user.version - 1
  return user.version > userVersion && !isKept
    ? { outcome: 'revoked' }
    : { outcome: 'active', user }
}
