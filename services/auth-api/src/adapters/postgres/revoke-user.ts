import type { RevokeReason } from '@auto-refresh/contracts'
import type { PendingRevocation } from '../../ports/users.ts'
import { readRows, type Queryable } from './read-rows.ts'

type Change = { active?: false; passwordHash?: string; ifVersion?: number }

/**
 * Raises the version of a user, applies `change` and adds a pending revocation, in one statement.
 * Returns `undefined` when the user does not exist or has another version than `ifVersion`.
 */
export async function revokeUser(
  database: Queryable,
  id: string,
  reason: RevokeReason,
  change: Change,
): Promise<PendingRevocation | undefined> {
  const rows = await readRows<{
    id: string
    user_id: string
    version: number
    reason: RevokeReason
  }>(database, {
    text: `
      with raised as (
        update auth_api.users
        set version = version + 1,
            active = coalesce($3::boolean, active),
            password_hash = coalesce($4::text, password_hash),
            updated_at = now()
        where id = $1::uuid and version = coalesce($5::bigint, version)
        returning id, version)
      insert into auth_api.pending_revocations (user_id, version, reason)
      select id, version, $2::text from raised
      returning id, user_id, version, reason`,
    values: [
      id,
      reason,
      change.active ?? null,
      change.passwordHash ?? null,
      change.ifVersion ?? null,
    ],
  })
  return rows.map(({ user_id: userId, ...row }) => ({ ...row, userId }))[0]
}
