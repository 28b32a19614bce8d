import { CodedError, type RevokeReason } from '@auto-refresh/contracts'
import { DEMO_PASSWORD, refusePassword } from '../../domain/password-policy.ts'
import { DEFAULT_ROLE, refuseRole } from '../../domain/role.ts'
import { refuseUsername, toUsernameKey } from '../../domain/username.ts'
import type { Passwords } from '../../ports/passwords.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { User, Users } from '../../ports/users.ts'
import type { DeliverRevocations } from '../sessions/deliver-revocations.ts'

export type UserSummary = Pick<User, 'id' | 'username' | 'role' | 'active' | 'demo'>
type Done = { outcome: 'done' | 'not_found' }
/** `reason` is a sentence for the operator */
type Refused = { outcome: 'refused'; reason: string }

/** `demo`: may have the published demo password, which works only from the machine itself */
type NewUser = { username: string; password: string; role?: string; demo?: boolean }

export type UserAdministration = Readonly<{
  add(
    user: NewUser,
  ): Promise<{ outcome: 'added'; user: UserSummary } | { outcome: 'taken' } | Refused>
  disable(username: string): Promise<Done>
  enable(username: string): Promise<Done>
  setRole(username: string, role: string): Promise<Done | Refused>
  setPassword(username: string, password: string): Promise<Done | Refused>
  revokeSessions(username: string): Promise<Done>
  /** Checks a password, also of a disabled user. It does not count as a sign-in attempt. */
  checkPassword(
    username: string,
    password: string,
  ): Promise<{ outcome: 'right' | 'wrong'; user: UserSummary } | { outcome: 'not_found' }>
  list(): Promise<UserSummary[]>
}>

type UserAdministrationDeps = Readonly<{
  users: Users
  passwords: Passwords
  deliverRevocations: DeliverRevocations
  log: Log
}>

/**
 * Operations on users for operators, by name. A change that ends sessions (disable, setPassword,
 * revokeSessions) resolves when token-store has ended them. Throws `CodedError('unavailable')`; the
 * change has then been committed completely or not at all.
 */
export function createUserAdministration({
  users,
  passwords,
  deliverRevocations,
  log,
}: UserAdministrationDeps): UserAdministration {
  return {
    async add({ username, password, role = DEFAULT_ROLE, demo = false }) {
      const reason =
        refuseUsername(username) ??
        refuseRole(role) ??
        (demo && password === DEMO_PASSWORD ? undefined : refusePassword(password, username))
      if (reason !== undefined) return { outcome: 'refused', reason }
      const user = await users.add({
        username: username.normalize('NFKC'),
        role,
        passwordHash: await passwords.hash(password),
        demo,
      })
      if (user === undefined) return { outcome: 'taken' }
      log.info({ event: 'user_added', userId: user.id, role }, 'User added')
      return { outcome: 'added', user: toSummary(user) }
    },
    disable: (username) =>
      withUser(username, (user) => revoke(user, 'user_disabled', { active: false })),
    enable: (username) =>
      withUser(username, async (user) => {
        await deliverRevocations({ userId: user.id })
        if (!(await users.enable(user.id))) throw new CodedError('unavailable')
        log.info({ event: 'user_enabled', userId: user.id }, 'User enabled')
      }),
    async setRole(username, role) {
      const reason = refuseRole(role)
      if (reason !== undefined) return { outcome: 'refused', reason }
      return withUser(username, async (user) => {
        await users.setRole(user.id, role)
        log.info({ event: 'role_set', userId: user.id, role }, 'Role set')
      })
    },
    async setPassword(username, password) {
      const reason = refusePassword(password, username)
      if (reason !== undefined) return { outcome: 'refused', reason }
      return withUser(username, async (user) =>
        revoke(user, 'password_changed', { passwordHash: await passwords.hash(password) }),
      )
    },
    revokeSessions: (username) => withUser(username, (user) => revoke(user, 'admin', {})),
    async checkPassword(username, password) {
      const user = await users.findByName(toUsernameKey(username))
      if (user === undefined) return { outcome: 'not_found' }
      const { matches } = await passwords.verify(password, user.passwordHash)
      return { outcome: matches ? 'right' : 'wrong', user: toSummary(user) }
    },
    list: async () => (await users.list()).map(toSummary),
  }

  async function withUser(username: string, change: (user: User) => Promise<void>): Promise<Done> {
    const user = await users.findByName(toUsernameKey(username))
    if (user === undefined) return { outcome: 'not_found' }
    await change(user)
    return { outcome: 'done' }
  }

  async function revoke(
    user: User,
    reason: RevokeReason,
    change: { active?: false; passwordHash?: string },
  ): Promise<void> {
    await users.revoke(user.id, reason, change)
    await deliverRevocations({ userId: user.id })
    log.info({ event: 'user_revoked', userId: user.id, reason }, 'All sessions of the user revoked')
  }
}

function toSummary({ id, username, role, active, demo }: User): UserSummary {
  return { id, username, role, active, demo }
}
