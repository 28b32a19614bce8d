import type { Pool } from 'pg'
import type { UserClaims } from '../../domain/user-claims.ts'
import type { UserDirectory, UserRecord, UserSearch } from '../../ports/user-directory.ts'
import { readRows, type Queryable } from './read-rows.ts'

type Row = {
  id: string
  username: string
  external_id: string | null
  role: string
  claims: UserClaims
  active: boolean
  demo: boolean
  has_password: boolean
  created_at: number
  last_sign_in_at: number | null
  name: string
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** The last code point: no name contains it. */
const LAST = '\u{10FFFF}'
/** As in the indexes `users_name` and `users_disabled`. */
const NAME = 'lower(username) collate "C"'
const COLUMNS = `u.id, u.username, u.external_id, u.role, u.claims, u.active, u.demo,
  u.password_hash is not null as has_password, u.created_at, u.name, s.at as last_sign_in_at`
const LAST_SIGN_IN = `left join lateral (
  select at from auth_api.login_audit
  where user_id = u.id and outcome = 'succeeded' order by at desc limit 1) s on true`

/** The users in `auth_api.users`, with their last sign-in in `auth_api.login_audit`. */
export function createPostgresUserDirectory({ pool }: { pool: Pool }): UserDirectory {
  return {
    async find(id) {
      const rows = await readRows<Row>(pool, {
        text: `
      select ${COLUMNS}
      from (select *, ${NAME} as name from auth_api.users
        where id = $1::uuid and erased_at is null) u ${LAST_SIGN_IN}`,
        values: [id],
      })
      return rows.map(toRecord)[0]
    },
    async search(search) {
      const { query, after, limit } = search
      if (query !== undefined && after === undefined) {
        const users = await findExact(pool, { ...search, query })
        if (users.length > 0) return { users, next: undefined }
      }
      const rows = await findByName(pool, { ...search, limit: limit + 1 })
      const page = rows.slice(0, limit)
      const last = rows.length > limit ? page.at(-1) : undefined
      return {
        users: page.map(toRecord),
        next: last === undefined ? undefined : { name: last.name, id: last.id },
      }
    },
  }
}

async function findExact(
  database: Queryable,
  { query, active }: { query: string; active?: boolean | undefined },
): Promise<UserRecord[]> {
  const rows = await readRows<Row>(database, {
    text: `
      select ${COLUMNS}
      from (select *, ${NAME} as name from auth_api.users
        where (id = $1::uuid or external_id = $2::text) and erased_at is null
          and active = coalesce($3::boolean, active)) u ${LAST_SIGN_IN}
      order by u.name, u.id`,
    values: [UUID.test(query) ? query : null, query, active ?? null],
  })
  return rows.map(toRecord)
}

/** `active` is part of the text, so that disabled users are read from their index. */
function findByName(
  database: Queryable,
  { query = '', active, after, limit }: UserSearch,
): Promise<Row[]> {
  const state = active === undefined ? '' : active ? 'and active' : 'and not active'
  return readRows<Row>(database, {
    text: `
      select ${COLUMNS}
      from (select *, ${NAME} as name from auth_api.users
        where erased_at is null ${state}
          and ${NAME} >= lower($1::text) collate "C"
          and ${NAME} < (lower($1::text) || $2::text) collate "C"
          and (${NAME}, id) > ($3::text collate "C", $4::uuid)
        order by ${NAME}, id limit $5::integer) u ${LAST_SIGN_IN}
      order by u.name, u.id`,
    values: [
      query.normalize('NFKC'),
      LAST,
      after?.name ?? '',
      after?.id ?? '00000000-0000-0000-0000-000000000000',
      limit,
    ],
  })
}

function toRecord(row: Row): UserRecord {
  return {
    id: row.id,
    username: row.username,
    externalId: row.external_id ?? undefined,
    role: row.role,
    claims: row.claims,
    active: row.active,
    demo: row.demo,
    hasPassword: row.has_password,
    createdAtMs: row.created_at,
    lastSignInAtMs: row.last_sign_in_at ?? undefined,
  }
}
