import { toActorText } from '../../ports/actor.ts'
import type { PasswordTokens } from '../../ports/password-tokens.ts'
import { PENDING_COLUMNS, toPending, type PendingRow } from './pending-revocations.ts'
import { toActDetails } from './record-admin-act.ts'
import { readRows, type Queryable } from './read-rows.ts'

const IS_VALID = `
  t.token_hash = $1::bytea and t.expires_at > clock_timestamp()
  and u.id = t.user_id and u.password_version = t.password_version and u.active`

/**
 * The one-time tokens in `auth_api.password_tokens`. `onChanged` is called after a token has set a
 * password.
 */
export function createPostgresPasswordTokens({
  pool,
  onChanged,
}: {
  pool: Queryable
  onChanged: (userId: string) => void
}): PasswordTokens {
  return {
    async create({ userId, tokenHash, ttlSeconds, actor }) {
      const [row] = await readRows<{ expires_at: number }>(pool, {
        text: `
      with created as (
        insert into auth_api.password_tokens (user_id, token_hash, password_version, expires_at)
        select id, $2::bytea, password_version, clock_timestamp() + make_interval(secs => $3::float8)
        from auth_api.users where id = $1::uuid and username_key is not null and active
        on conflict (user_id) do update set
          token_hash = excluded.token_hash,
          password_version = excluded.password_version,
          expires_at = excluded.expires_at
        returning user_id, expires_at),
      acted as (
        insert into auth_api.admin_acts (actor, act, user_id, details)
        select $4::text, 'password_token_created', user_id, $5::jsonb from created)
      select expires_at from created`,
        values: [
          userId,
          tokenHash,
          ttlSeconds,
          toActorText(actor),
          JSON.stringify(toActDetails({ actor })),
        ],
      })
      return row === undefined ? undefined : { expiresAtMs: row.expires_at }
    },
    async find(tokenHash) {
      const rows = await readRows<{ id: string; username: string }>(pool, {
        text: `
      select u.id, u.username from auth_api.password_tokens t, auth_api.users u where ${IS_VALID}`,
        values: [tokenHash],
      })
      return rows[0]
    },
    // The update checks `password_version` again: it waits for a concurrent change of the password.
    async use({ tokenHash, passwordHash }) {
      const rows = await readRows<PendingRow>(pool, {
        text: `
      with used as (
        delete from auth_api.password_tokens t using auth_api.users u where ${IS_VALID}
        returning t.user_id, t.password_version),
      raised as (
        update auth_api.users u
        set version = u.version + 1,
            password_hash = $2::text,
            password_version = u.password_version + 1,
            imported_hash = null,
            kept_session_id = null,
            updated_at = now()
        from used
        where u.id = used.user_id and u.password_version = used.password_version and u.active
        returning u.id, u.version),
      notified as (
        insert into auth_api.notices (id, user_id, session_id, occurred_at, kind)
        select gen_random_uuid(), id, null, clock_timestamp(), 'password_changed' from raised)
      insert into auth_api.pending_revocations (user_id, version, reason)
      select id, version, 'password_changed' from raised
      returning ${PENDING_COLUMNS}`,
        values: [tokenHash, passwordHash],
      })
      const [revocation] = rows.map(toPending)
      if (revocation !== undefined) onChanged(revocation.userId)
      return revocation
    },
  }
}
