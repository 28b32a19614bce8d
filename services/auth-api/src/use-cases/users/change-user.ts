import { CodedError } from '@auto-refresh/contracts'
import { ADMIN_ROLE, refuseRole } from '../../domain/role.ts'
import { refuseClaims, type UserClaims } from '../../domain/user-claims.ts'
import { refuseUsername } from '../../domain/username.ts'
import { toActorText, type Actor } from '../../ports/actor.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { InUserTransaction, UserTransaction } from '../../ports/user-transactions.ts'
import type { User } from '../../ports/users.ts'
import type { DeliverRevocations } from '../sessions/deliver-revocations.ts'
import { isSelf } from './is-self.ts'

export type UserChange = Readonly<{
  username?: string | undefined
  role?: string | undefined
  claims?: UserClaims | undefined
  active?: boolean | undefined
}>

export type ChangeUser = (
  id: string,
  change: UserChange,
  actor: Actor,
) => Promise<
  | { outcome: 'done' | 'not_found' | 'taken' }
  /** administrators neither disable, demote nor erase themselves */
  | { outcome: 'own_account' }
  | { outcome: 'refused'; reason: string }
>

/**
 * Changes a user, all or nothing, and records the act in the same transaction. Repeating it is safe.
 * `active: false` also ends the user's sessions, and resolves when token-store has ended them.
 * Throws `CodedError('unavailable')`.
 */
export function createChangeUser({
  inTransaction,
  deliverRevocations,
  log,
}: {
  inTransaction: InUserTransaction
  deliverRevocations: DeliverRevocations
  log: Log
}): ChangeUser {
  return async (id, change, actor) => {
    const reason = refuse(change)
    if (reason !== undefined) return { outcome: 'refused', reason }
    const { role, active } = change
    const losesAccess = active === false || (role !== undefined && role !== ADMIN_ROLE)
    if (losesAccess && isSelf(actor, id)) return { outcome: 'own_account' }
    // A revocation that is delivered later would end the sessions of the enabled user.
    if (active === true) await deliverRevocations({ userId: id })
    const outcome = await inTransaction(async (transaction) => {
      const user = await transaction.lock(id)
      if (user === undefined) return 'not_found'
      const details = await apply(transaction, user, change)
      if (details === undefined) return 'taken'
      await transaction.record({ actor, act: 'user_changed', userId: id, details })
      return 'done'
    })
    if (outcome === 'done') {
      if (active === false) await deliverRevocations({ userId: id })
      log.info(
        { event: 'user_changed', userId: id, role, active, actor: toActorText(actor) },
        'User changed',
      )
    }
    return { outcome }
  }
}

/**
 * Returns what to record, without personal data; `undefined` when the name is taken. Every given
 * property is written again, also without a difference: it may have been changed by SQL.
 */
async function apply(
  transaction: UserTransaction,
  user: User,
  { username, role, claims, active }: UserChange,
): Promise<Record<string, unknown> | undefined> {
  const { id } = user
  const details: Record<string, unknown> = {}
  if (username !== undefined) {
    if (!(await transaction.rename(id, username.normalize('NFKC')))) return undefined
    details['username'] = 'set'
  }
  if (role !== undefined) {
    await transaction.users.setRole(id, role)
    details['role'] = { from: user.role, to: role }
  }
  if (claims !== undefined) {
    await transaction.setClaims(id, claims)
    details['claims'] = 'set'
  }
  if (active !== undefined) {
    if (!active) await transaction.users.revoke(id, 'user_disabled', { active: false })
    else if (!(await transaction.users.enable(id))) throw new CodedError('unavailable')
    details['active'] = { from: user.active, to: active }
  }
  return details
}

function refuse({ username, role, claims }: UserChange): string | undefined {
  return (
    (username === undefined ? undefined : refuseUsername(username)) ??
    (role === undefined ? undefined : refuseRole(role)) ??
    (claims === undefined ? undefined : refuseClaims(claims))
  )
}
