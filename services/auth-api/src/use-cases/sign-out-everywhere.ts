import type { Log, Revocations, Users } from '../ports.ts'
import type { DeliverRevocations } from './deliver-revocations.ts'
import type { FindProvenSession, SessionProof } from './find-proven-session.ts'

export type SignOutEverywhere = (proof: SessionProof) => Promise<void>
export type SignOutEverywhereDeps = Readonly<{
  findProvenSession: FindProvenSession
  users: Pick<Users, 'revoke'>
  deliverRevocations: DeliverRevocations
  revocations: Revocations
  log: Log
}>

/**
 * Ends every session of the proof's user. A proof of a session that was ended this way before changes nothing: an old
 * stolen token cannot end sessions that were opened after it. Errors as of `FindProvenSession`.
 */
export function createSignOutEverywhere(deps: SignOutEverywhereDeps): SignOutEverywhere {
  const { findProvenSession, users, deliverRevocations, revocations, log } = deps
  return async (proof) => {
    const session = await findProvenSession(proof)
    if (session === undefined) return
    const revocation = await users.revoke(session.userId, 'logout_all', { ifVersion: session.userVersion })
    // Also when there is nothing new: an earlier try may have died before its delivery, and 2xx means delivered.
    await deliverRevocations({ userId: session.userId })
    if (revocation !== undefined) revocations.add(session.id)
    const names = { sessionId: session.id, userId: session.userId, network: proof.context.network }
    log[revocation === undefined ? 'debug' : 'info']({ event: 'logout_all', repeated: revocation === undefined, ...names }, 'Logout everywhere')
  }
}
