import type { Revocations } from '../../ports/revocations.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { Users } from '../../ports/users.ts'
import type { DeliverRevocations } from './deliver-revocations.ts'
import type { FindLiveSession } from './find-live-session.ts'
import type { SessionProof } from './find-proven-session.ts'

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
    const revocation =
      refusal === undefined
        ? await users.revoke(session.userId, 'logout_all', { ifVersion: session.userVersion })
        : undefined
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

  async function hasEnded({
    userId,
    userVersion,
  }: {
    userId: string
    userVersion: number
  }): Promise<boolean> {
    const [user] = await users.findByIds([userId])
    return user !== undefined && user.version > userVersion
  }
}
