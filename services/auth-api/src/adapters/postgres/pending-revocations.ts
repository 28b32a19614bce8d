import type { RevokeReason } from '@auto-refresh/contracts'
import type { PendingRevocation } from '../../ports/users.ts'
import { readRows, type Queryable } from './read-rows.ts'

export const PENDING_COLUMNS = 'id, user_id, version, reason, kept_session_id'
export type PendingRow = {
  id: string
  user_id: string
  version: number
  reason: RevokeReason
  kept_session_id: string | null
}

export const toPending = ({
  user_id: userId,
  kept_session_id: keptSessionId,
  ...row
}: PendingRow): PendingRevocation => ({
  ...row,
  userId,
  ...(keptSessionId !== null && { keptSessionId }),
})

/** Reads pending revocations of one or all users, oldest first, at most 200 in one call. */
export async function pendingRevocations(
  database: Queryable,
  userId: string | undefined,
): Promise<PendingRevocation[]> {
  const rows = await readRows<PendingRow>(database, {
    name: 'pending-revocations',
    text: `
      select ${PENDING_COLUMNS} from auth_api.pending_revocations
      where $1::uuid is null or user_id = $1::uuid order by created_at limit 200`,
    values: [userId ?? null],
  })
  return rows.map(toPending)
}

/** Deletes a revocation that token-store has carried out. */
export async function acknowledge(database: Queryable, id: string): Promise<void> {
  await readRows(database, {
    text: 'delete from auth_api.pending_revocations where id = $1::uuid',
    values: [id],
  })
}

/** Returns the age of the oldest pending revocation in seconds; 0 when none is pending. */
export async function oldestPendingSeconds(database: Queryable): Promise<number> {
  const [row] = await readRows<{ seconds: number }>(database, {
    text: `
      select coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as seconds
      from auth_api.pending_revocations`,
  })
  return row?.seconds ?? 0
}
