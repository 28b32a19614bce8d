import { checkSessionUser } from '../../domain/check-session-user.ts'
import type { Revocations } from '../../ports/revocations.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { Users } from '../../ports/users.ts'
import type { DeliverRevocations } from './deliver-revocations.ts'
import type { FindLiveSession } from './find-live-session.ts'
import type { ProvenSession, SessionProof } from './find-proven-session.ts'

export type SignOutEverywhere = (proof: SessionProof) => Promise<void>
type SignOutEverywhereDeps = Readonly<{
  findLiveSession: FindLiveSession
  users: Pick<Users, 'revoke' | 'findByIds'>
  deliverRevocations: DeliverRevocations
  revocations: Revocations
  log: Log
}>

/**
 * Ends all sessions of a user. A proof that is expired or revoked ends nothing and is refused,
 * unless all sessions of its user version have ended already: then this is a retry whose first
 * response was lost. Throws the errors of `FindLiveSession`.
 */
export function createSignOutEverywhere(deps: SignOutEverywhereDeps): SignOutEverywhere {
  const { findLiveSession, users, deliverRevocations, revocations, log } = deps

  return async (proof) => {
    const { session, refusal } = await findLiveSession(proof)
    if (refusal !== undefined && !(await hasEnded(session))) throw refusal
    const revocation = refusal === undefined ? await revoke(session) : undefined
    // Also without a new revocation: an earlier attempt may have failed before its delivery, and
    // 2xx means delivered.
    await deliverRevocations({ userId: session.userId })
    if (revocation !== undefined) revocations.add(session.id)
    const names = { sessionId: session.id, userId: session.userId, network: proof.context.network }
    log[revocation === undefined ? 'debug' : 'info'](
      { event: 'logout_all', repeated: revocation === undefined, ...names },
      'Logout everywhere',
    )
  }

  async function revoke({ id, userId, userVersion }: ProvenSession) {
    const revoked = await users.revoke(userId, 'logout_all', { ifVersion: userVersion })
    if (revoked !== undefined) return revoked
    // A session that has just changed the password is behind its user for a moment.
    const [user] = await users.findByIds([userId])
    const check = checkSessionUser(user, { id, userVersion })
    if (check.outcome !== 'active' || check.user.version === userVersion) return undefined
    return users.revoke(userId, 'logout_all', { ifVersion: check.user.version })
  }

  async function hasEnded({ id, userId, userVersion }: ProvenSession): Promise<boolean> {
    const [user] = await users.findByIds([userId])
    if (user === undefined || user.version <= userVersion) return false
    return checkSessionUser(user, { id, userVersion }).outcome !== 'active'
  }
}
