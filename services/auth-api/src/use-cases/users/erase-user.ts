import { toUsernameKey } from '../../domain/username.ts'
import { toActorText, type Actor } from '../../ports/actor.ts'
import type { HashUsername } from '../../ports/sign-in-limits.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { Erasures, InUserTransaction } from '../../ports/user-transactions.ts'
import type { DeliverRevocations } from '../sessions/deliver-revocations.ts'
import { isSelf } from './is-self.ts'

export type EraseUser = (
  id: string,
  actor: Actor,
) => Promise<{ outcome: 'done' | 'not_found' | 'own_account' }>

/** A statement of this size ends within its deadline. */
const BATCH_SIZE = 2000

/**
 * Erases the personal data of a user and ends all sessions. The row stays without personal data,
 * because sessions, events and acts name its id. One transaction erases the row and registers the
 * rest, which a background job completes after a crash. Repeating it is safe. Throws
 * `CodedError('unavailable')`.
 */
export function createEraseUser({
  inTransaction,
  erasures,
  hashUsername,
  deliverRevocations,
  log,
}: {
  inTransaction: InUserTransaction
  erasures: Erasures
  hashUsername: HashUsername
  deliverRevocations: DeliverRevocations
  log: Log
}): EraseUser {
  return async (id, actor) => {
    if (isSelf(actor, id)) return { outcome: 'own_account' }
    const isErasedNow = await inTransaction(async ({ lock, users, erase, record }) => {
      const user = await lock(id)
      if (user === undefined) return false
      await users.revoke(id, 'user_disabled', { active: false })
      await erase(id, hashUsername(toUsernameKey(user.username)))
      await record({ actor, act: 'user_erased', userId: id })
      return true
    })
    // Of an earlier attempt that failed half-way, the rest is completed too.
    if (!isErasedNow && !(await erasures.isErased(id))) return { outcome: 'not_found' }
    await deliverRevocations({ userId: id })
    while ((await erasures.eraseRecords(BATCH_SIZE)) === BATCH_SIZE);
    if (isErasedNow)
      log.info({ event: 'user_erased', userId: id, actor: toActorText(actor) }, 'User erased')
    return { outcome: 'done' }
  }
}
