import type { Pool } from 'pg'
import { toUsernameKey } from '../../domain/username.ts'
import type { User, Users } from '../../ports/users.ts'
import { readRows } from './read-rows.ts'
import { revokeUser } from './revoke-user.ts'
import { changeRole } from './role-change-rows.ts'
import { acknowledge, pendingRevocations } from './pending-revocations.ts'

type Row = {
  id: string
  username: string
  role: string
  password_hash: string
  active: boolean
  version: number
  demo: boolean
}

const toUser = ({ password_hash: passwordHash, ...row }: Row): User => ({ ...row, passwordHash })

/** The users in `auth_api.users`. */
export function createPostgresUsers({ pool }: { pool: Pool }): Users {
  return {
    findByName: async (usernameKey) => (await findByName(pool, usernameKey)).map(toUser)[0],
    findByIds: async (ids) => (await findByIds(pool, ids)).map(toUser),
    list: async () => (await list(pool)).map(toUser),
    add: async (user) => (await add(pool, user)).map(toUser)[0],
    setRole: (id, role) => changeRole(pool, id, role),
    async upgradePasswordHash(id, change) {
      await upgradePasswordHash(pool, id, change)
    },
    revoke: (id, reason, change) => revokeUser(pool, id, reason, change),
    enable: async (id) => (await enable(pool, id)).length > 0,
    pendingRevocations: (userId) => pendingRevocations(pool, userId),
    acknowledge: (revocationId) => acknowledge(pool, revocationId),
  }
}

function findByName(pool: Pool, usernameKey: string) {
  return readRows<Row>(pool, {
    name: 'user-by-name',
    text: 'select id, username, role, password_hash, active, version, demo from auth_api.users where username_key = $1::text',
    values: [usernameKey],
  })
}

function findByIds(pool: Pool, ids: readonly string[]) {
  return readRows<Row>(pool, {
    name: 'users-by-ids',
    text: 'select id, username, role, password_hash, active, version, demo from auth_api.users where id = any($1::uuid[])',
    values: [ids],
  })
}

function list(pool: Pool) {
  return readRows<Row>(pool, {
    text: 'select id, username, role, password_hash, active, version, demo from auth_api.users order by username_key',
  })
}

function add(pool: Pool, { username, role, passwordHash, demo }: Parameters<Users['add']>[0]) {
  return readRows<Row>(pool, {
    text: `
      insert into auth_api.users (username, username_key, role, password_hash, demo)
      values ($1::text, $2::text, $3::text, $4::text, $5::boolean)
      on conflict (username_key) do nothing
      returning id, username, role, password_hash, active, version, demo`,
    values: [username, toUsernameKey(username), role, passwordHash, demo],
  })
}

function upgradePasswordHash(pool: Pool, id: string, { from, to }: { from: string; to: string }) {
  return readRows(pool, {
    text: 'update auth_api.users set password_hash = $3::text where id = $1::uuid and password_hash = $2::text',
    values: [id, from, to],
  })
}

function enable(pool: Pool, id: string) {
  return readRows(pool, {
    text: `
      update auth_api.users set active = true, updated_at = now()
      where id = $1::uuid and not exists (select from auth_api.pending_revocations where user_id = $1::uuid)
      returning id`,
    values: [id],
  })
}
