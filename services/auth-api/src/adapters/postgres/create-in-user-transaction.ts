import { inTransaction, toUnavailable } from '@auto-refresh/service-kit/postgres'
import type { Pool } from 'pg'
import type { UserClaims } from '../../domain/user-claims.ts'
import { toUsernameKey } from '../../domain/username.ts'
import type { InUserTransaction } from '../../ports/user-transactions.ts'
import { createPostgresUsers } from './create-postgres-users.ts'
import { eraseUser } from './erase-user.ts'
import { readRows, type Queryable } from './read-rows.ts'
import { recordAdminAct } from './record-admin-act.ts'

/**
 * Transactions over `auth_api.users` and `auth_api.admin_acts`. `onChanged` is called for each
 * changed user after the commit, or after a failure whose outcome is unknown.
 */
export function createInUserTransaction({
  pool,
  onChanged,
}: {
  pool: Pool
  onChanged: (id: string) => void
}): InUserTransaction {
  return async (work) => {
    const changed = new Set<string>()
    const changing = (id: string) => void changed.add(id)
    try {
      return await inTransaction(pool, (client) => {
        const users = createPostgresUsers({ pool: client, onChanged: changing })
        return work({
          users,
          async lock(id) {
            const isKnown = await lockUser(client, id)
            return isKnown ? (await users.findByIds([id]))[0] : undefined
          },
          rename(id, username) {
            changing(id)
            return rename(client, id, username)
          },
          setClaims(id, claims) {
            changing(id)
            return setClaims(client, id, claims)
          },
          erase(id, usernameHash) {
            changing(id)
            return eraseUser(client, id, usernameHash)
          },
          record: (act) => recordAdminAct(client, act),
        })
      })
    } catch (error) {
      throw toUnavailable(error)
    } finally {
      for (const id of changed) onChanged(id)
    }
  }
}

async function lockUser(database: Queryable, id: string): Promise<boolean> {
  const rows = await readRows(database, {
    text: `
      select from auth_api.users where id = $1::uuid and erased_at is null for no key update`,
    values: [id],
  })
  return rows.length > 0
}

/** A user without `username_key` signs in elsewhere, so that its name need not be unique. */
async function rename(database: Queryable, id: string, username: string): Promise<boolean> {
  const rows = await readRows(database, {
    text: `
      update auth_api.users set username = $2::text, updated_at = now(),
        username_key = case when username_key is null then null else $3::text end
      where id = $1::uuid and (username_key is null or not exists (
        select from auth_api.users where username_key = $3::text and id <> $1::uuid))
      returning 1`,
    values: [id, username, toUsernameKey(username)],
  })
  return rows.length > 0
}

async function setClaims(database: Queryable, id: string, claims: UserClaims): Promise<void> {
  await readRows(database, {
    text: `update auth_api.users set claims = $2::jsonb, updated_at = now() where id = $1::uuid`,
    values: [id, JSON.stringify(claims)],
  })
}
