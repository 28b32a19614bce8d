import type { ImportChange } from '../../domain/decide-import.ts'
import { readRows, type Queryable } from './read-rows.ts'

/**
 * Applies what an import line changes, records a changed role and the act, and adds a pending
 * revocation if sessions end, in one statement. A new password, or a user who is disabled, makes a
 * one-time token void. `passwordHash`: the new hash as it is stored.
 */
export async function changeImportedUser(
  database: Queryable,
  {
    id,
    change,
    passwordHash,
    actor,
  }: { id: string; change: ImportChange; passwordHash: string | undefined; actor: string },
): Promise<void> {
  const { username, usernameKey, role, claims, disable, importedHash, ends } = change
  const details = {
    ...(role !== undefined && { role }),
    ...(disable && { active: false }),
    ...(passwordHash !== undefined && { password: true }),
    ...(claims !== undefined && { claims: true }),
    ...(username !== undefined && { username: true }),
  }
  await readRows(database, {
    text: `
      with changed as (
        update auth_api.users set
          username = coalesce($2::text, username),
          username_key = coalesce($3::text, username_key),
          role = coalesce($4::text, role),
          claims = coalesce($5::jsonb, claims),
          active = active and not $6::boolean,
          password_hash = coalesce($7::text, password_hash),
          imported_hash = coalesce(decode($8::text, 'hex'), imported_hash),
          password_version = password_version + ($7::text is not null or $6::boolean)::integer,
          version = version + ($9::text is not null)::integer,
          updated_at = now()
        where id = $1::uuid
        returning id, role, version),
      recorded as (
        insert into auth_api.role_changes as known (user_id, role, changed_at)
        select id, role, clock_timestamp() from changed where $4::text is not null
        on conflict (user_id) do update set
          role = excluded.role,
          changed_at = greatest(excluded.changed_at, known.changed_at + interval '1 millisecond')),
      revoked as (
        insert into auth_api.pending_revocations (user_id, version, reason)
        select id, version, $9::text from changed where $9::text is not null)
      insert into auth_api.admin_acts (actor, act, user_id, details)
      select $10::text, 'user_imported', id, $11::jsonb from changed`,
    values: [
      id,
      username ?? null,
      usernameKey ?? null,
      role ?? null,
      claims === undefined ? null : JSON.stringify(claims),
      disable ?? false,
      passwordHash ?? null,
      importedHash ?? null,
      ends ?? null,
      actor,
      JSON.stringify(details),
    ],
  })
}
