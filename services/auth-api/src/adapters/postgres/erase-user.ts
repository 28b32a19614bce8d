import { readRows, type Queryable } from './read-rows.ts'

/** In place of network and agent: such a record has no personal data. */
const ERASED = 'erased'
/** A sign-in that began before the erasure may be recorded after it. */
const KEPT = '10 minutes'

/**
 * Deletes the personal data of a user from the row, and the notices; registers the records that
 * `eraseRecords` erases later, because they may be many. `database` is a transaction.
 */
export async function eraseUser(
  database: Queryable,
  id: string,
  usernameHash: string,
): Promise<void> {
  // First, because the name decides. Of a user without a key to sign in with, the name is only shown,
  // and attempts with it belong to another user.
  await readRows(database, {
    text: `
      insert into auth_api.pending_erasures (user_id, username_hash)
      select id, case when username_key is null then null else $2::text end
      from auth_api.users where id = $1::uuid
      on conflict (user_id) do nothing`,
    values: [id, usernameHash],
  })
  await readRows(database, {
    text: `
      update auth_api.users
      set username = $2::text, username_key = null, external_id = null, claims = '{}',
        password_hash = null, imported_hash = null, active = false, demo = false,
        erased_at = clock_timestamp(), updated_at = now()
      where id = $1::uuid`,
    values: [id, ERASED],
  })
  await readRows(database, {
    text: 'delete from auth_api.password_tokens where user_id = $1::uuid',
    values: [id],
  })
}

export async function isErased(database: Queryable, id: string): Promise<boolean> {
  const rows = await readRows(database, {
    text: 'select from auth_api.users where id = $1::uuid and erased_at is not null',
    values: [id],
  })
  return rows.length > 0
}

/**
 * Removes address, network and agent from at most `limit` recorded sign-ins of erased users, and
 * their notices. Attempts with the name of the user count too. Returns the number of sign-ins.
 */
export async function eraseRecords(database: Queryable, limit: number): Promise<number> {
  await readRows(database, {
    text: `
      delete from auth_api.notices
      where user_id = any(array(select user_id from auth_api.pending_erasures))`,
  })
  const rows = await readRows(database, {
    text: `
      update auth_api.login_audit set address = null, network = $2::text, agent = $2::text
      where network <> $2::text and id = any(array(
        select a.id from auth_api.pending_erasures e cross join lateral (
          select id from auth_api.login_audit
          where user_id = e.user_id and network <> $2::text
          union all
          select id from auth_api.login_audit
          where user_id is null and username_hash = e.username_hash and network <> $2::text) a
        limit $1::integer))
      returning 1`,
    values: [limit, ERASED],
  })
  return rows.length
}

/** Ends erasures whose records have been erased and whose last sign-ins are recorded. */
export async function endErasures(database: Queryable): Promise<void> {
  await readRows(database, {
    text: `
      delete from auth_api.pending_erasures
      where erased_at < clock_timestamp() - $1::interval`,
    values: [KEPT],
  })
}
