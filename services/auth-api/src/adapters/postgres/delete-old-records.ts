import { readRows, type Queryable } from './read-rows.ts'

/** Deletes audit rows and notices older than that, a thousand of each at most; returns how many were deleted. */
export async function deleteOldRecords(database: Queryable, { retentionDays }: { retentionDays: number }): Promise<number> {
  const rows = await readRows<{ deleted: number }>(database, {
    text: `
      with audit as (
        delete from auth_api.login_audit where id in (
          select id from auth_api.login_audit where at < now() - make_interval(secs => $1::float8 * 86400) order by at limit 1000)
        returning 1),
      told as (
        delete from auth_api.notices where id in (
          select id from auth_api.notices where occurred_at < now() - make_interval(secs => $1::float8 * 86400) order by occurred_at limit 1000)
        returning 1)
      select (select count(*) from audit) + (select count(*) from told) as deleted`,
    values: [retentionDays],
  })
  return rows[0]?.deleted ?? 0
}
