import type { InspectResult, StoredSession, TokenStore } from '@auto-refresh/contracts'
import { toActorText, type Actor } from '../../ports/actor.ts'
import type { Revocations } from '../../ports/revocations.ts'
import type { Log } from '../../ports/telemetry.ts'

/** A session as administrators see it. `ended` is absent while it is active or if it expired. */
export type SessionRecord = StoredSession &
  Readonly<{
    active: boolean
    ended?: Extract<InspectResult, { outcome: 'found' }>['ended']
  }>

/** What administrators do with sessions, over HTTP and at the command line. */
export type SessionAdministration = Readonly<{
  /** The active sessions of a user, the most recently refreshed first. */
  listOf(userId: string): Promise<SessionRecord[]>
  find(sessionId: string): Promise<SessionRecord | undefined>
  /** Ends a session; one that has ended stays as it is. */
  end(sessionId: string, actor: Actor): Promise<{ outcome: 'done' | 'not_found' }>
}>

/**
 * The administration of sessions. The actor travels in the request: token-store writes it into the
 * event in the transaction that ends the session. Throws `CodedError('unavailable')`.
 */
export function createSessionAdministration({
  tokenStore,
  revocations,
  log,
}: {
  tokenStore: Pick<TokenStore, 'listSessions' | 'inspect' | 'revokeSession'>
  revocations: Revocations
  log: Log
}): SessionAdministration {
  return {
    async listOf(userId) {
      const { sessions } = await tokenStore.listSessions({ userId })
      return sessions.map((session) => ({ ...session, active: true }))
    },
    async find(sessionId) {
      const found = await tokenStore.inspect({ sessionId })
      if (found.outcome !== 'found') return undefined
      const { session, active, ended } = found
      return { ...session, active, ...(ended && { ended }) }
    },
    async end(sessionId, actor) {
      const by = toActorText(actor)
      const { outcome } = await tokenStore.revokeSession({ sessionId, reason: 'admin', actor: by })
      if (outcome === 'not_found') return { outcome }
      revocations.add(sessionId, { endedBefore: outcome === 'already_ended' })
      log.info({ event: 'session_ended', outcome, sessionId, actor: by }, 'Session ended')
      return { outcome: 'done' }
    },
  }
}
