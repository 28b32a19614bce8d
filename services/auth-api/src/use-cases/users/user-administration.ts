import { refusePassword } from '../../domain/password-policy.ts'
import { toUsernameKey } from '../../domain/username.ts'
import { toActorText, type Actor } from '../../ports/actor.ts'
import type { Passwords } from '../../ports/passwords.ts'
import type { HashUsername } from '../../ports/sign-in-limits.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { UserDirectory, UserRecord } from '../../ports/user-directory.ts'
import type { Erasures, InUserTransaction } from '../../ports/user-transactions.ts'
import type { User, Users } from '../../ports/users.ts'
import type { DeliverRevocations } from '../sessions/deliver-revocations.ts'
import { createAddUser, type AddUser } from './add-user.ts'
import { createChangeUser, type ChangeUser } from './change-user.ts'
import { createEraseUser, type EraseUser } from './erase-user.ts'

type Done = { outcome: 'done' | 'not_found' }
/** `reason` is a sentence for the operator */
type Refused = { outcome: 'refused'; reason: string }

/** What administrators do with users, over HTTP and at the command line. */
export type UserAdministration = Readonly<{
  add: AddUser
  change: ChangeUser
  erase: EraseUser
  setPassword(id: string, password: string, actor: Actor): Promise<Done | Refused>
  revokeSessions(id: string, actor: Actor): Promise<Done>
  find: UserDirectory['find']
  search: UserDirectory['search']
  /** Finds a user by any spelling of the name. */
  findByName(username: string): Promise<Pick<User, 'id' | 'username'> | undefined>
  /** Checks a password, also of a disabled user. It does not count as a sign-in attempt. */
  checkPassword(
    username: string,
    password: string,
  ): Promise<
    | { outcome: 'right' | 'wrong'; user: Pick<User, 'id' | 'active' | 'demo'> }
    | { outcome: 'not_found' }
  >
}>

type UserAdministrationDeps = Readonly<{
  users: Pick<Users, 'findByName'>
  directory: UserDirectory
  inTransaction: InUserTransaction
  erasures: Erasures
  passwords: Passwords
  hashUsername: HashUsername
  deliverRevocations: DeliverRevocations
  log: Log
}>

/**
 * The administration of users. Each act is recorded with its actor in the transaction of the act. An
 * act that ends sessions resolves when token-store has ended them. Throws
 * `CodedError('unavailable')`; the act has then been committed completely or not at all.
 */
export function createUserAdministration(deps: UserAdministrationDeps): UserAdministration {
  const { users, directory, inTransaction, passwords, deliverRevocations, log } = deps

  return {
    add: createAddUser(deps),
    change: createChangeUser(deps),
    erase: createEraseUser(deps),
    async setPassword(id, password, actor) {
      const user = await directory.find(id)
      if (user === undefined) return { outcome: 'not_found' }
      const reason = refusePassword(password, user.username)
      if (reason !== undefined) return { outcome: 'refused', reason }
      const passwordHash = await passwords.hash(password)
      return endSessions(user, 'password_set', { passwordHash }, actor)
    },
    async revokeSessions(id, actor) {
      const user = await directory.find(id)
      if (user === undefined) return { outcome: 'not_found' }
      return endSessions(user, 'sessions_revoked', {}, actor)
    },
    find: (id) => directory.find(id),
    search: (search) => directory.search(search),
    findByName: (username) => users.findByName(toUsernameKey(username)),
    async checkPassword(username, password) {
      const user = await users.findByName(toUsernameKey(username))
      if (user === undefined) return { outcome: 'not_found' }
      const { matches } = await passwords.verify(password, user.passwordHash)
      const { id, active, demo } = user
      return { outcome: matches ? 'right' : 'wrong', user: { id, active, demo } }
    },
  }

  async function endSessions(
    { id }: Pick<UserRecord, 'id'>,
    act: 'password_set' | 'sessions_revoked',
    change: { passwordHash?: string },
    actor: Actor,
  ): Promise<Done> {
    const isKnown = await inTransaction(async (transaction) => {
      if ((await transaction.lock(id)) === undefined) return false
      const reason = act === 'password_set' ? 'password_changed' : 'admin'
      await transaction.users.revoke(id, reason, change)
      await transaction.record({ actor, act, userId: id })
      return true
    })
    if (!isKnown) return { outcome: 'not_found' }
    await deliverRevocations({ userId: id })
    log.info(
      { event: act, userId: id, actor: toActorText(actor) },
      'All sessions of the user ended',
    )
    return { outcome: 'done' }
  }
}
