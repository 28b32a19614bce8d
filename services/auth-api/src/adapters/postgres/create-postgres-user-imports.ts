import { hash } from 'node:crypto'
import { inTransaction, toUnavailable } from '@auto-refresh/service-kit/postgres'
import type { Pool } from 'pg'
import { decideImport, type ImportedUser } from '../../domain/decide-import.ts'
import { toStoredHash } from '../../domain/parse-foreign-hash.ts'
import type { ImportLine } from '../../domain/parse-import-line.ts'
import { DEFAULT_ROLE } from '../../domain/role.ts'
import type { UserClaims } from '../../domain/user-claims.ts'
import { toUsernameKey } from '../../domain/username.ts'
import { toActorText } from '../../ports/actor.ts'
import type { ImportResult, UserImports } from '../../ports/user-imports.ts'
import { changeImportedUser } from './change-imported-user.ts'
import { readRows, type Queryable } from './read-rows.ts'

type Row = {
  id: string
  username: string
  username_key: string | null
  external_id: string | null
  role: string
  claims: UserClaims
  active: boolean
  has_password: boolean
  imported_hash: string | null
}
type New = { line: ImportLine; hasName: boolean }

const CHANGED_MEANWHILE = 'Another change took the name or the external_id; import the line again'

/** Imports users into `auth_api.users`. `onChanged` is called for each changed user. */
export function createPostgresUserImports({
  pool,
  onChanged,
}: {
  pool: Pool
  onChanged: (userId: string) => void
}): UserImports {
  return {
    async store(lines, actor) {
      const text = toActorText(actor)
      const results = await inTransaction(pool, (client) => storeIn(client, lines, text)).catch(
        (error: unknown) => {
          throw toUnavailable(error)
        },
      )
      for (const result of results) if (result.outcome === 'changed') onChanged(result.userId)
      return results
    },
  }
}

async function storeIn(
  client: Queryable,
  lines: readonly ImportLine[],
  actor: string,
): Promise<ImportResult[]> {
  const known = await lockKnown(client, lines)
  const news: New[] = []
  const results: (ImportResult | New)[] = []
  for (const line of lines) {
    const fingerprint = toFingerprint(line.passwordHash)
    const decision = decideImport(line, {
      byName: known.find(({ usernameKey }) => usernameKey === toUsernameKey(line.username)),
      byExternalId: known.find(
        ({ externalId }) => externalId !== undefined && externalId === line.externalId,
      ),
      fingerprint,
    })
    switch (decision.outcome) {
      case 'refused':
        results.push(decision)
        break
      case 'create': {
        const one = { line, hasName: decision.hasName }
        news.push(one)
        results.push(one)
        break
      }
      case 'change': {
        const { id, change, keptPassword, keptDisabled } = decision
        const isChanged = Object.keys(change).length > 0
        const passwordHash =
          change.importedHash === undefined ? undefined : toStoredHash(line.passwordHash ?? '')
        if (isChanged) await changeImportedUser(client, { id, change, passwordHash, actor })
        results.push({
          outcome: isChanged ? 'changed' : 'unchanged',
          userId: id,
          endsSessions: change.ends !== undefined,
          keptPassword,
          keptDisabled,
        })
        break
      }
      default:
        decision satisfies never
    }
  }
  const created = await create(client, news, actor)
  return results.map((result) => {
    if ('outcome' in result) return result
    const { externalId, username } = result.line
    const isCreated =
      externalId === undefined
        ? created.names.has(toUsernameKey(username))
        : created.externalIds.has(externalId)
    return isCreated ? { outcome: 'created' } : { outcome: 'refused', reason: CHANGED_MEANWHILE }
  })
}

/** Locks in id order, so that two imports cannot deadlock. */
async function lockKnown(
  client: Queryable,
  lines: readonly ImportLine[],
): Promise<readonly ImportedUser[]> {
  const rows = await readRows<Row>(client, {
    text: `
      select id, username, username_key, external_id, role, claims, active,
        password_hash is not null as has_password, encode(imported_hash, 'hex') as imported_hash
      from auth_api.users
      where username_key = any($1::text[]) or external_id = any($2::text[])
      order by id
      for update`,
    values: [
      lines.map(({ username }) => toUsernameKey(username)),
      lines.flatMap(({ externalId }) => externalId ?? []),
    ],
  })
  return rows.map((row) => ({
    id: row.id,
    username: row.username,
    role: row.role,
    claims: row.claims,
    active: row.active,
    hasPassword: row.has_password,
    ...(row.username_key !== null && { usernameKey: row.username_key }),
    ...(row.external_id !== null && { externalId: row.external_id }),
    ...(row.imported_hash !== null && { importedHash: row.imported_hash }),
  }))
}

async function create(client: Queryable, news: readonly New[], actor: string) {
  const given = news.map(({ line, hasName }) => ({
    username: line.username,
    username_key: hasName ? toUsernameKey(line.username) : null,
    role: line.role ?? DEFAULT_ROLE,
    password_hash: line.passwordHash === undefined ? null : toStoredHash(line.passwordHash),
    imported_hash: toFingerprint(line.passwordHash) ?? null,
    external_id: line.externalId ?? null,
    claims: line.claims ?? {},
    active: line.active ?? true,
  }))
  const rows = await readRows<{ username_key: string | null; external_id: string | null }>(client, {
    text: `
      with created as (
        insert into auth_api.users
          (username, username_key, role, password_hash, imported_hash, external_id, claims, active)
        select username, username_key, role, password_hash, decode(imported_hash, 'hex'),
          external_id, claims, active
        from jsonb_to_recordset($1::jsonb) as given (username text, username_key text, role text,
          password_hash text, imported_hash text, external_id text, claims jsonb, active boolean)
        -- In one order, so that two imports cannot deadlock.
        order by username_key, external_id
        on conflict do nothing
        returning id, username_key, external_id, role, active),
      acted as (
        insert into auth_api.admin_acts (actor, act, user_id, details)
        select $2::text, 'user_imported', id,
          jsonb_build_object('created', true, 'role', role, 'active', active)
        from created)
      select username_key, external_id from created`,
    values: [JSON.stringify(given), actor],
  })
  return {
    names: new Set(rows.map((row) => row.username_key)),
    externalIds: new Set(rows.map((row) => row.external_id)),
  }
}

const toFingerprint = (passwordHash: string | undefined) =>
  passwordHash === undefined ? undefined : hash('sha256', passwordHash)
