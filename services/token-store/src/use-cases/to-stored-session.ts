import type { StoredSession } from '@auto-refresh/contracts'
import type { Session } from '../domain/session.ts'

/** What the other services may know of a session. */
export function toStoredSession(session: Session): StoredSession {
  return {
    id: session.id,
    userId: session.userId,
    userVersion: session.userVersion,
    clientId: session.clientId,
    generation: session.generation,
    authenticatedAtMs: session.authenticatedAtMs,
    rotatedAtMs: session.rotatedAtMs,
    expiresAtMs: session.expiresAtMs,
    idleUntilMs: session.idleUntilMs,
    network: session.network,
    agent: session.agent,
  }
}
