import type { RevokeReason } from '@auto-refresh/contracts'
import { createPool } from '@auto-refresh/service-kit/postgres'

/**
 * Reads the revoked sessions of the audit trail, to revoke them again after a restore of only
 * token-store's schema.
 */
export async function readEndedSessionsOfAuditTrail(
  databaseUrl: string,
): Promise<Array<{ sessionId: string; reason: RevokeReason }>> {
  const pool = createPool({
    url: databaseUrl,
    applicationName: 'recover',
    max: 1,
    onError: () => {},
  })
  try {
    const { rows } = await pool.query<{ sessionId: string; reason: RevokeReason }>(`
      select distinct session_id as "sessionId", coalesce(data ->> 'reason', 'reuse') as reason
      from cleanup.audit_events where type in ('session.revoked.v1', 'session.reuse-detected.v1')`)
    return rows
  } finally {
    await pool.end()
  }
}
