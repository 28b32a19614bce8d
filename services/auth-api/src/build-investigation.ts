import type { Pool } from 'pg'
import { createPostgresOwnRecords } from './adapters/postgres/create-postgres-own-records.ts'
import type { AuditTrailReader } from './ports/audit-trail.ts'
import type { Log } from './ports/telemetry.ts'
import type { Users } from './ports/users.ts'
import { createListDetections } from './use-cases/investigation/list-detections.ts'
import { createReadTimeline } from './use-cases/investigation/read-timeline.ts'

/** The use cases that answer "was somebody in my account?". */
export function buildInvestigation({
  pool,
  auditTrail,
  users,
  log,
}: {
  pool: Pool
  auditTrail: AuditTrailReader
  users: Users
  log: Log
}) {
  const ownRecords = createPostgresOwnRecords({ pool })
  return {
    readTimeline: createReadTimeline({ auditTrail, ownRecords, users, log }),
    listDetections: createListDetections({ auditTrail, log }),
  }
}
