import type { TokenStore } from '@auto-refresh/contracts'
import type { Revocations } from '../../ports/revocations.ts'
import type { PendingRevocation, Users } from '../../ports/users.ts'

export type DeliverRevocations = (scope?: { userId: string }) => Promise<void>
type DeliverRevocationsDeps = Readonly<{
  users: Pick<Users, 'pendingRevocations' | 'acknowledge'>
  tokenStore: Pick<TokenStore, 'revokeUser'>
  revocations: Revocations
}>

/**
 * Sends pending revocations (of one user, or of all users) to token-store and resolves when all are
 * acknowledged. Throws `CodedError('unavailable')` when one fails: its row stays, and the next call
 * retries it. Sending one twice does no harm.
 */
export function createDeliverRevocations({
  users,
  tokenStore,
  revocations,
}: DeliverRevocationsDeps): DeliverRevocations {
  return async (scope) => {
    const pending = await users.pendingRevocations(scope?.userId)
    const faults: unknown[] = []
    for (const revocation of pending)
      await deliver(revocation).catch((error: unknown) => faults.push(error))
    if (faults.length > 0) throw faults[0]
  }

  async function deliver({ id, ...revocation }: PendingRevocation): Promise<void> {
    const { revokedSessionIds } = await tokenStore.revokeUser(revocation)
    for (const sessionId of revokedSessionIds) revocations.add(sessionId)
    await users.acknowledge(id)
  }
}
