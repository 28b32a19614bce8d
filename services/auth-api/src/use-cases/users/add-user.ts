import { DEMO_PASSWORD, refusePassword } from '../../domain/password-policy.ts'
import { DEFAULT_ROLE, refuseRole } from '../../domain/role.ts'
import { refuseClaims, type UserClaims } from '../../domain/user-claims.ts'
import { refuseUsername } from '../../domain/username.ts'
import { toActorText, type Actor } from '../../ports/actor.ts'
import type { Passwords } from '../../ports/passwords.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { InUserTransaction } from '../../ports/user-transactions.ts'
import type { User } from '../../ports/users.ts'

export type NewUser = Readonly<{
  username: string
  /** absent: the user cannot sign in with a password yet */
  password?: string | undefined
  externalId?: string | undefined
  role?: string | undefined
  claims?: UserClaims | undefined
  active?: boolean | undefined
  /** may have the published demo password, which works only from the machine itself */
  demo?: boolean
}>

export type AddUser = (
  user: NewUser,
  actor: Actor,
) => Promise<
  | { outcome: 'added'; user: Pick<User, 'id' | 'username' | 'role'> }
  /** by another user: the name or the external id */
  | { outcome: 'taken' }
  /** `reason` is a sentence for the operator */
  | { outcome: 'refused'; reason: string }
>

/** Adds a user. Throws `CodedError('unavailable')`. */
export function createAddUser({
  inTransaction,
  passwords,
  log,
}: {
  inTransaction: InUserTransaction
  passwords: Pick<Passwords, 'hash'>
  log: Log
}): AddUser {
  return async (newUser, actor) => {
    const reason = refuse(newUser)
    if (reason !== undefined) return { outcome: 'refused', reason }
    const { username, password, externalId, claims = {}, demo = false, active = true } = newUser
    const { role = DEFAULT_ROLE } = newUser
    const passwordHash = password === undefined ? undefined : await passwords.hash(password)
    const user = await inTransaction(async ({ users, record }) => {
      const added = await users.add({
        username: username.normalize('NFKC'),
        role,
        passwordHash,
        demo,
        externalId,
        claims,
        active,
      })
      if (added !== undefined)
        await record({
          actor,
          act: 'user_added',
          userId: added.id,
          details: { role, active, with_password: password !== undefined },
        })
      return added
    })
    if (user === undefined) return { outcome: 'taken' }
    log.info(
      { event: 'user_added', userId: user.id, role, actor: toActorText(actor) },
      'User added',
    )
    return { outcome: 'added', user: { id: user.id, username: user.username, role } }
  }
}

function refuse({ username, password, externalId, role, claims, demo }: NewUser) {
  return (
    refuseUsername(username) ??
    (role === undefined ? undefined : refuseRole(role)) ??
    (claims === undefined ? undefined : refuseClaims(claims)) ??
    (externalId?.isWellFormed() === false
      ? 'The external id is not well-formed Unicode'
      : undefined) ??
    (password === undefined || (demo === true && password === DEMO_PASSWORD)
      ? undefined
      : refusePassword(password, username))
  )
}
