import type { StoredSession } from '@auto-refresh/contracts'
import type { Session } from '../domain/session.ts'

/** The part of a session that other services may see. */
export function toStoredSession(session: Session): StoredSession {
  const { amr, authTimeMs } = session
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
    ...(amr === null ? {} : { amr: amr === '' ? [] : amr.split(' ') }),
    ...(authTimeMs === null ? {} : { authTimeMs }),
  }
}
