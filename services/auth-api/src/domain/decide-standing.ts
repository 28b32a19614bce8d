type State = Readonly<{ active: boolean; version: number }>

type Standing<T> = { standing: 'good'; user: T } | { standing: 'user_inactive' | 'revoked' }

/** Whether the user's state of now still carries a session that was issued under `userVersion`. */
export function decideStanding<T extends State>(
  user: T | undefined,
  userVersion: number,
): Standing<T> {
  if (user === undefined || !user.active) return { standing: 'user_inactive' }
  return user.version > userVersion ? { standing: 'revoked' } : { standing: 'good', user }
}
