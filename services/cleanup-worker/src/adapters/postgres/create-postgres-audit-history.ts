import { toUnavailable } from '@auto-refresh/service-kit/postgres'
import type { Pool } from 'pg'
import type { AuditHistory } from '../../ports.ts'
import { readDetections, readEvents } from './read-events.ts'
import { readRotationRuns } from './read-rotation-runs.ts'

/**
 * Grouped in 100 ms on one core. The index finds all rotations of a user in a partition, and a read
 * sorts them.
 */
const ROTATIONS = 20_000
const ITEMS = 100

/** Reads of the audit trail. Every failure is thrown as `CodedError('unavailable')`. */
export function createPostgresAuditHistory({
  pool,
  rotations = ROTATIONS,
  items = ITEMS,
}: {
  pool: Pool
  /** the most rotations of one read */
  rotations?: number
  /** the most events, and the most groups of rotations, of one read */
  items?: number
}): AuditHistory {
  return {
    rotations: (request) =>
      attempt(readRotationRuns(pool, request, { rows: rotations, runs: items })),
    events: (request) => attempt(readEvents(pool, request, items)),
    userOf: (sessionId) => attempt(userOf(pool, sessionId)),
    detections: (request, limit) => attempt(readDetections(pool, request, limit)),
  }
}

async function userOf(pool: Pool, sessionId: string): Promise<string | undefined> {
  const parts = ['audit_records', 'audit_rotations', 'audit_unpartitioned'].map(
    (table) => `
      (select user_id from cleanup.${table}
      where session_id = $1::uuid and user_id is not null limit 1)`,
  )
  const { rows } = await pool.query<{ user_id: string }>(`${parts.join(' union all ')} limit 1`, [
    sessionId,
  ])
  return rows[0]?.user_id
}

async function attempt<T>(read: Promise<T>): Promise<T> {
  try {
    return await read
  } catch (error) {
    throw toUnavailable(error)
  }
}
