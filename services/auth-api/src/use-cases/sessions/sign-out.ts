import type { TokenStore } from '@auto-refresh/contracts'
import type { Revocations } from '../../ports/revocations.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { FindProvenSession, SessionProof } from './find-proven-session.ts'

export type SignOut = (proof: SessionProof) => Promise<void>
type SignOutDeps = Readonly<{
  findProvenSession: FindProvenSession
  tokenStore: Pick<TokenStore, 'revokeSession'>
  revocations: Revocations
  log: Log
}>

/** Ends the session of the proof. Can be repeated. Throws the errors of `FindProvenSession`. */
export function createSignOut({
  findProvenSession,
  tokenStore,
  revocations,
  log,
}: SignOutDeps): SignOut {
  return async (proof) => {
    const session = await findProvenSession(proof)
    if (session === undefined) return
    const { outcome } = await tokenStore.revokeSession({
      sessionId: session.id,
      userId: session.userId,
      reason: 'logout',
    })
    revocations.add(session.id, { endedBefore: outcome === 'already_ended' })
    // A repeated logout is `debug`, because anyone can repeat it without limit.
    log[outcome === 'revoked' ? 'info' : 'debug'](
      {
        event: 'logout',
        outcome,
        sessionId: session.id,
        userId: session.userId,
        network: proof.context.network,
      },
      'Logout',
    )
  }
}
