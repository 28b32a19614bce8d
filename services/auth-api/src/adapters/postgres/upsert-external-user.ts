import { CodedError } from '@auto-refresh/contracts'
import { toDefaultName } from '../../domain/external-user.ts'
import { DEFAULT_ROLE } from '../../domain/role.ts'
import type { ExternalUser, User, Users } from '../../ports/users.ts'
import { readRows, type Queryable } from './read-rows.ts'
import { toUser, USER_COLUMNS, type UserRow } from './user-rows.ts'

/** A user may be created or erased between two statements, but not each time. */
const ATTEMPTS = 3

/**
 * Finds, creates or changes the user with an external id; see `Users`. Most sign-ins change nothing
 * and write nothing: each write would be announced to every process. A session of a user whose role
 * is protected is never opened for the caller, so such a user is not changed either.
 */
export async function upsertExternalUser(
  database: Queryable,
  given: ExternalUser,
  { protectedRoles, actor }: Parameters<Users['upsertExternal']>[1],
): ReturnType<Users['upsertExternal']> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const known = await find(database, given)
    if (known === undefined) {
      const user = await insert(database, given, actor)
      if (user !== undefined) return { outcome: 'stored', user, change: 'created' }
      continue
    }
    if (protectedRoles.includes(known.user.role)) return { outcome: 'role_protected' }
    if (!known.differs) return { outcome: 'stored', user: known.user }
    const user = await change(database, given, { protectedRoles, actor })
    if (user !== undefined) return { outcome: 'stored', user, change: 'changed' }
  }
  throw new CodedError('unavailable')
}

async function find(
  database: Queryable,
  { externalId, username, role, claims }: ExternalUser,
): Promise<{ user: User; differs: boolean } | undefined> {
  const [row] = await readRows<UserRow & { differs: boolean }>(database, {
    name: 'external-user',
    text: `
      select ${USER_COLUMNS},
        coalesce(username_key is null and username <> $2::text, false)
          or coalesce(role <> $3::text, false)
          or coalesce(claims <> $4::jsonb, false) as differs
      from auth_api.users where external_id = $1::text`,
    values: [externalId, username ?? null, role ?? null, toJson(claims)],
  })
  if (row === undefined) return undefined
  const { differs, ...user } = row
  return { user: toUser(user), differs }
}

/**
 * Adds the user, and records who did, in one statement. Returns `undefined` when another request has
 * created the user meanwhile.
 */
async function insert(
  database: Queryable,
  { externalId, username, role, claims }: ExternalUser,
  actor: string,
): Promise<User | undefined> {
  const rows = await readRows<UserRow>(database, {
    text: `
      with added as (
        insert into auth_api.users (external_id, username, role, claims)
        values ($1::text, $2::text, $3::text, $4::jsonb)
        on conflict (external_id) do nothing
        returning *),
      acted as (
        insert into auth_api.admin_acts (actor, act, user_id, details)
        select $5::text, 'user_added', id, jsonb_build_object('role', role) from added)
      select ${USER_COLUMNS} from added`,
    values: [
      externalId,
      username ?? toDefaultName(externalId),
      role ?? DEFAULT_ROLE,
      toJson(claims ?? {}),
      actor,
    ],
  })
  return rows.map(toUser)[0]
}

/**
 * Stores what is given, and records what differs and who changed it, without personal data, in one
 * statement. Returns `undefined` when the user has been erased meanwhile, or has got a protected
 * role.
 */
async function change(
  database: Queryable,
  { externalId, username, role, claims }: ExternalUser,
  { protectedRoles, actor }: Parameters<Users['upsertExternal']>[1],
): Promise<User | undefined> {
  const rows = await readRows<UserRow>(database, {
    text: `
      with known as (
        select id, role, username, claims from auth_api.users where external_id = $1::text for update),
      changed as (
        update auth_api.users as u set
          username = case when username_key is null then coalesce($2::text, u.username)
            else u.username end,
          role = coalesce($3::text, u.role),
          claims = coalesce($4::jsonb, u.claims),
          updated_at = now()
        from known
        where u.id = known.id and known.role <> all ($5::text[])
        returning u.*, known.role as old_role,
          jsonb_strip_nulls(jsonb_build_object(
            'username', case when u.username <> known.username then 'set' end,
            'role', case when u.role <> known.role
              then jsonb_build_object('from', known.role, 'to', u.role) end,
            'claims', case when u.claims <> known.claims then 'set' end)) as details),
      recorded as (
        insert into auth_api.role_changes as before (user_id, role, changed_at)
        select id, role, clock_timestamp() from changed where role <> old_role
        on conflict (user_id) do update set
          role = excluded.role,
          changed_at = greatest(excluded.changed_at, before.changed_at + interval '1 millisecond')),
      acted as (
        insert into auth_api.admin_acts (actor, act, user_id, details)
        select $6::text, 'user_changed', id, details from changed where details <> '{}')
      select ${USER_COLUMNS} from changed`,
    values: [externalId, username ?? null, role ?? null, toJson(claims), protectedRoles, actor],
  })
  return rows.map(toUser)[0]
}

const toJson = (claims: ExternalUser['claims']) =>
  claims === undefined ? null : JSON.stringify(claims)
