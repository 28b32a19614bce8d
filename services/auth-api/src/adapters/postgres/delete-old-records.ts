import { readRows, type Queryable } from './read-rows.ts'

/**
 * `nowMs`: our time, Unix ms. While the database clock is more than a minute ahead, nothing is
 * deleted.
 */
type Retention = Readonly<{ retentionDays: number; nowMs: number }>

/**
 * Deletes at most `limit` rows older than the retention, oldest first. Returns how many.
 */
type DeleteOld = (database: Queryable, retention: Retention, limit: number) => Promise<number>

export const deleteOldSignIns = createDeleteOld({ table: 'login_audit', key: 'id', time: 'at' })
export const deleteOldNotices = createDeleteOld({
  table: 'notices',
  key: 'id',
  time: 'occurred_at',
})
export const deleteOldRoleChanges = createDeleteOld({
  table: 'role_changes',
  key: 'user_id',
  time: 'changed_at',
})
/** Without row locks, which need the right to change acts. */
export const deleteOldAdminActs = createDeleteOld({
  table: 'admin_acts',
  key: 'id',
  time: 'at',
  locks: '',
})
export const deleteOldSubjectTokens = createDeleteOld({
  table: 'used_subject_tokens',
  key: 'hash',
  time: 'ends_at',
})

/** Returns the age of the oldest recorded sign-in in seconds; 0 when there is none. */
export async function oldestSignInSeconds(database: Queryable): Promise<number> {
  const [row] = await readRows<{ seconds: number }>(database, {
    text: `
      select coalesce(extract(epoch from clock_timestamp() - min(at)), 0)::float8 as seconds
      from auth_api.login_audit`,
  })
  return row?.seconds ?? 0
}

function createDeleteOld({
  table,
  key,
  time,
  locks = 'for update skip locked',
}: {
  table: string
  key: string
  time: string
  locks?: string
}): DeleteOld {
  const text = `
    delete from auth_api.${table} where ${key} = any(array(
      select ${key} from auth_api.${table}
      where ${time} < now() - make_interval(secs => $1::float8 * 86400)
        and now() < to_timestamp($3::float8 / 1000 + 60)
      order by ${time} limit $2::integer ${locks}))
    returning 1`
  return async (database, { retentionDays, nowMs }, limit) =>
    (await readRows(database, { text, values: [retentionDays, limit, nowMs] })).length
}
