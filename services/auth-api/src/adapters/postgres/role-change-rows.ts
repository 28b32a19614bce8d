import { LONGEST_ACCESS_TOKEN_SECONDS } from '@auto-refresh/contracts'
import type { UserRoleChange } from '../../ports/known-users.ts'
import { readRows, type Queryable } from './read-rows.ts'

/**
 * Covers a refresh that reads the old role and signs a moment later, and the clock of token-store's
 * database, which dates tokens. A larger margin is safe: tokens with the new role are never due.
 */
const MARGIN = '60 seconds'
/** As long as an access token from before the change can live. */
const KEPT = `${LONGEST_ACCESS_TOKEN_SECONDS + 60} seconds`

/**
 * Changes the role of a user and records the change, in one statement. It also records a role that
 * the user already has: it may have been changed by SQL, and older tokens carry another role.
 */
export async function changeRole(database: Queryable, id: string, role: string): Promise<void> {
  await readRows(database, {
    text: `
      with changed as (
        update auth_api.users set role = $2::text, updated_at = now()
        where id = $1::uuid
        returning id, role)
      insert into auth_api.role_changes as known (user_id, role, changed_at)
      select id, role, clock_timestamp() from changed
      on conflict (user_id) do update set
        role = excluded.role,
        changed_at = greatest(excluded.changed_at, known.changed_at + interval '1 millisecond')`,
    values: [id, role],
  })
}

/** Reads the changes that older access tokens may still contradict, in a stable order. */
export async function readRoleChanges(database: Queryable): Promise<UserRoleChange[]> {
  const rows = await readRows<{
    user_id: string
    role: string
    before_ms: number
    seconds: number
  }>(database, {
    name: 'role-changes',
    text: `
      select user_id, role,
        round(extract(epoch from changed_at + $1::interval) * 1000)::float8 as before_ms,
        extract(epoch from changed_at + $2::interval - clock_timestamp())::float8 as seconds
      from auth_api.role_changes
      where changed_at + $2::interval > clock_timestamp()
      order by user_id`,
    values: [MARGIN, KEPT],
  })
  return rows.map(({ user_id: userId, role, before_ms: beforeMs, seconds }) => ({
    userId,
    role,
    issuedBefore: beforeMs / 1000,
    expiresInSeconds: Math.ceil(seconds),
  }))
}
