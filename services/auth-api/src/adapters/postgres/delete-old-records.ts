import { readRows, type Queryable } from './read-rows.ts'

/**
 * `nowMs`: our time, Unix ms. While the database clock is more than a minute ahead, nothing is
 * deleted.
 */
type Retention = Readonly<{ retentionDays: number; nowMs: number }>

/**
 * Deletes at most `limit` recorded sign-ins older than the retention, oldest first. Returns how
 * many.
 */
export function deleteOldSignIns(
  database: Queryable,
  retention: Retention,
  limit: number,
): Promise<number> {
  return deleteRows(
    database,
    retention,
    limit,
    `
    delete from auth_api.login_audit where id = any(array(
      select id from auth_api.login_audit
      where at < now() - make_interval(secs => $1::float8 * 86400)
        and now() < to_timestamp($3::float8 / 1000 + 60)
      order by at limit $2::integer for update skip locked))
    returning 1`,
  )
}

/** Deletes at most `limit` notices older than the retention, oldest first. Returns how many. */
export function deleteOldNotices(
  database: Queryable,
  retention: Retention,
  limit: number,
): Promise<number> {
  return deleteRows(
    database,
    retention,
    limit,
    `
    delete from auth_api.notices where id = any(array(
      select id from auth_api.notices
      where occurred_at < now() - make_interval(secs => $1::float8 * 86400)
        and now() < to_timestamp($3::float8 / 1000 + 60)
      order by occurred_at limit $2::integer for update skip locked))
    returning 1`,
  )
}

/**
 * Deletes at most `limit` role changes older than the retention, oldest first. Returns how many.
 */
export function deleteOldRoleChanges(
  database: Queryable,
  retention: Retention,
  limit: number,
): Promise<number> {
  return deleteRows(
    database,
    retention,
    limit,
    `
    delete from auth_api.role_changes where user_id = any(array(
      select user_id from auth_api.role_changes
      where changed_at < now() - make_interval(secs => $1::float8 * 86400)
        and now() < to_timestamp($3::float8 / 1000 + 60)
      order by changed_at limit $2::integer for update skip locked))
    returning 1`,
  )
}

/**
 * Deletes at most `limit` acts of administrators older than the retention, oldest first. Returns how
 * many. Without row locks, which need the right to change acts.
 */
export function deleteOldAdminActs(
  database: Queryable,
  retention: Retention,
  limit: number,
): Promise<number> {
  return deleteRows(
    database,
    retention,
    limit,
    `
    delete from auth_api.admin_acts where id = any(array(
      select id from auth_api.admin_acts
      where at < now() - make_interval(secs => $1::float8 * 86400)
        and now() < to_timestamp($3::float8 / 1000 + 60)
      order by at limit $2::integer))
    returning 1`,
  )
}

/**
 * Deletes at most `limit` used subject tokens that ended before the retention, oldest first. Returns
 * how many.
 */
export function deleteOldSubjectTokens(
  database: Queryable,
  retention: Retention,
  limit: number,
): Promise<number> {
  return deleteRows(
    database,
    retention,
    limit,
    `
    delete from auth_api.used_subject_tokens where hash = any(array(
      select hash from auth_api.used_subject_tokens
      where ends_at < now() - make_interval(secs => $1::float8 * 86400)
        and now() < to_timestamp($3::float8 / 1000 + 60)
      order by ends_at limit $2::integer for update skip locked))
    returning 1`,
  )
}

/** Returns the age of the oldest recorded sign-in in seconds; 0 when there is none. */
export async function oldestSignInSeconds(database: Queryable): Promise<number> {
  const [row] = await readRows<{ seconds: number }>(database, {
    text: `
      select coalesce(extract(epoch from clock_timestamp() - min(at)), 0)::float8 as seconds
      from auth_api.login_audit`,
  })
  return row?.seconds ?? 0
}

async function deleteRows(
  database: Queryable,
  { retentionDays, nowMs }: Retention,
  limit: number,
  text: string,
): Promise<number> {
  return (await readRows(database, { text, values: [retentionDays, limit, nowMs] })).length
}
