import type { AuditTrailReader } from '@auto-refresh/contracts'
import { createPool } from '@auto-refresh/service-kit/postgres'
import { createPostgresAuditHistory } from './adapters/postgres/create-postgres-audit-history.ts'
import { createAuditTrailReader } from './use-cases/audit-trail-reader.ts'

/** Opens the reads of the audit trail for an operator command, which connects at its first read. */
export function openAuditTrailReader({ databaseUrl }: { databaseUrl: string }): {
  auditTrail: AuditTrailReader
  close(): Promise<void>
} {
  const pool = createPool({
    url: databaseUrl,
    applicationName: 'investigation',
    max: 2,
    onError: () => {},
  })
  return {
    auditTrail: createAuditTrailReader({ history: createPostgresAuditHistory({ pool }) }),
    close: () => pool.end(),
  }
}
