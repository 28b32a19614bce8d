import type { RevokeReason } from '@auto-refresh/contracts'
import type { PendingRevocation } from '../../ports/users.ts'
import { PENDING_COLUMNS, toPending, type PendingRow } from './pending-revocations.ts'
import { readRows, type Queryable } from './read-rows.ts'

type Change = {
  active?: false
  passwordHash?: string
  ifVersion?: number
  keptSessionId?: string
}

/**
 * Raises the version of a user, applies `change` and adds a pending revocation, in one statement.
 * A one-time token is void afterwards, if the change is a password or disables the user.
 * Returns `undefined` when the user does not exist or has another version than `ifVersion`.
 */
export async function revokeUser(
  database: Queryable,
  id: string,
  reason: RevokeReason,
  change: Change,
): Promise<PendingRevocation | undefined> {
  const rows = await readRows<PendingRow>(database, {
    text: `
      with raised as (
        update auth_api.users
        set version = version + 1,
            active = coalesce($3::boolean, active),
            password_hash = coalesce($4::text, password_hash),
            password_version = password_version
              + ($4::text is not null or $3::boolean is false)::integer,
            imported_hash = case when $4::text is null then imported_hash end,
            kept_session_id = $6::uuid,
            kept_version = version + 1,
            updated_at = now()
        where id = $1::uuid and version = coalesce($5::bigint, version)
        returning id, version),
      notified as (
        insert into auth_api.notices (id, user_id, session_id, occurred_at, kind)
        select gen_random_uuid(), id, $6::uuid, clock_timestamp(), 'password_changed' from raised
        where $4::text is not null)
      insert into auth_api.pending_revocations (user_id, version, reason, kept_session_id)
      select id, version, $2::text, $6::uuid from raised
      returning ${PENDING_COLUMNS}`,
    values: [
      id,
      reason,
      change.active ?? null,
      change.passwordHash ?? null,
      change.ifVersion ?? null,
      change.keptSessionId ?? null,
    ],
  })
  return rows.map(toPending)[0]
}
