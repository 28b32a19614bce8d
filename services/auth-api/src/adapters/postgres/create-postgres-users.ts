import { toUsernameKey } from '../../domain/username.ts'
import type { Users } from '../../ports/users.ts'
import { acknowledge, pendingRevocations } from './pending-revocations.ts'
import { readRows, type Queryable } from './read-rows.ts'
import { revokeUser } from './revoke-user.ts'
import { changeRole } from './role-change-rows.ts'
import { upsertExternalUser } from './upsert-external-user.ts'
import { toUser, USER_COLUMNS, type UserRow } from './user-rows.ts'

/**
 * The users in `auth_api.users`. `onChanged` is called after each change of a role, a version or
 * `active`, without waiting for the announcement of the database.
 */
export function createPostgresUsers({
  pool,
  onChanged = () => {},
}: {
  pool: Queryable
  onChanged?: (id: string) => void
}): Users {
  async function changing<T>(id: string, change: Promise<T>): Promise<T> {
    try {
      return await change
    } finally {
      onChanged(id)
    }
  }

  return {
    async findByName(usernameKey) {
      const rows = await readRows<UserRow>(pool, {
        name: 'user-by-name',
        text: `select ${USER_COLUMNS} from auth_api.users where username_key = $1::text`,
        values: [usernameKey],
      })
      return rows.map(toUser)[0]
    },
    async findByIds(ids) {
      const rows = await readRows<UserRow>(pool, {
        name: 'users-by-ids',
        text: `select ${USER_COLUMNS} from auth_api.users where id = any($1::uuid[])`,
        values: [ids],
      })
      return rows.map(toUser)
    },
    async add({ username, role, passwordHash, demo, externalId, claims = {}, active = true }) {
      const rows = await readRows<UserRow>(pool, {
        text: `
      insert into auth_api.users
        (username, username_key, role, password_hash, demo, external_id, claims, active)
      values ($1::text, $2::text, $3::text, $4::text, $5::boolean, $6::text, $7::jsonb, $8::boolean)
      on conflict do nothing
      returning ${USER_COLUMNS}`,
        values: [
          username,
          toUsernameKey(username),
          role,
          passwordHash ?? null,
          demo,
          externalId ?? null,
          JSON.stringify(claims),
          active,
        ],
      })
      return rows.map(toUser)[0]
    },
    async upgradePasswordHash(id, { from, to }) {
      await readRows(pool, {
        text: `
      update auth_api.users set password_hash = $3::text
      where id = $1::uuid and password_hash = $2::text`,
        values: [id, from, to],
      })
    },
    async enable(id) {
      const rows = await readRows(pool, {
        text: `
      update auth_api.users set active = true, updated_at = now()
      where id = $1::uuid
        and not exists (select from auth_api.pending_revocations where user_id = $1::uuid)
      returning id`,
        values: [id],
      })
      onChanged(id)
      return rows.length > 0
    },
    async upsertExternal(user, by) {
      const stored = await upsertExternalUser(pool, user, by)
      if (stored.outcome === 'stored' && stored.change === 'changed') onChanged(stored.user.id)
      return stored
    },
    // Statements over further tables have files of their own.
    setRole: (id, role) => changing(id, changeRole(pool, id, role)),
    revoke: (id, reason, change) => changing(id, revokeUser(pool, id, reason, change)),
    pendingRevocations: (userId) => pendingRevocations(pool, userId),
    acknowledge: (revocationId) => acknowledge(pool, revocationId),
  }
}
