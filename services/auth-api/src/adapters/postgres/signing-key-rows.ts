import type { JWK } from 'jose'
import type { NewSigningKey, StoredSigningKey } from '../../ports/signing-keys.ts'
import { readRows, type Queryable } from './read-rows.ts'

type Row = {
  kid: string
  state: StoredSigningKey['state']
  public_jwk: JWK
  private_key: Buffer | null
  encryption_kid: string | null
  created_at: number
  activated_at: number | null
  expires_at: number | null
}

/** Reads all keys except denied ones: a row that was restored by hand must not sign again. */
export async function readSigningKeys(database: Queryable): Promise<StoredSigningKey[]> {
  const rows = await readRows<Row>(database, {
    text: `
      select kid, state, public_jwk, private_key, encryption_kid,
        created_at, activated_at, expires_at
      from auth_api.signing_keys
      where kid not in (select kid from auth_api.retired_keys)
      order by created_at, kid`,
  })
  return rows.map((row) => ({
    kid: row.kid,
    state: row.state,
    publicJwk: row.public_jwk,
    sealed:
      row.private_key === null || row.encryption_kid === null
        ? undefined
        : { encryptionKid: row.encryption_kid, box: row.private_key },
    createdAtMs: row.created_at,
    activatedAtMs: row.activated_at ?? undefined,
    expiresAtMs: row.expires_at ?? undefined,
  }))
}

/**
 * Locks the keys against changes by other processes until the transaction ends. It waits as long as
 * a statement may take (1 s) instead of 250 ms: when all replicas start at once, they wait for each
 * other.
 */
export async function lockSigningKeys(database: Queryable): Promise<void> {
  await readRows(database, {
    text: `
      select set_config('lock_timeout', '0', true),
        pg_advisory_xact_lock(hashtextextended('auth_api.signing_keys', 0))`,
  })
}

/** Inserts a key; an active one is active from `nowMs` (Unix ms). */
export async function insertSigningKey(
  database: Queryable,
  { kid, state, publicJwk, sealed, nowMs }: NewSigningKey & { nowMs: number },
): Promise<void> {
  await readRows(database, {
    text: `
      insert into auth_api.signing_keys
        (kid, state, public_jwk, private_key, encryption_kid, created_at, activated_at)
      values ($1::text, $2::text, $3::jsonb, $4::bytea, $5::text, to_timestamp($6::float8 / 1000),
              case when $2::text = 'active' then to_timestamp($6::float8 / 1000) end)`,
    values: [kid, state, JSON.stringify(publicJwk), sealed.box, sealed.encryptionKid, nowMs],
  })
}

/** Makes a key the active one from `nowMs` (Unix ms). */
export async function activateSigningKey(
  database: Queryable,
  { kid, nowMs }: { kid: string; nowMs: number },
): Promise<void> {
  await readRows(database, {
    text: `
      update auth_api.signing_keys
      set state = 'active', activated_at = to_timestamp($2::float8 / 1000)
      where kid = $1::text`,
    values: [kid, nowMs],
  })
}

type Retirement = { kid: string; nowMs: number; expiresAtMs: number }
/** Deletes the private half for good. The public half stays until the last token has expired. */
export async function retireSigningKey(
  database: Queryable,
  { kid, nowMs, expiresAtMs }: Retirement,
): Promise<void> {
  await readRows(database, {
    text: `
      update auth_api.signing_keys
      set state = 'retired', retired_at = to_timestamp($2::float8 / 1000),
          expires_at = to_timestamp($3::float8 / 1000),
          private_key = null, encryption_kid = null
      where kid = $1::text`,
    values: [kid, nowMs, expiresAtMs],
  })
}

/** Deletes the row of a key. */
export async function deleteSigningKey(database: Queryable, kid: string): Promise<void> {
  await readRows(database, {
    text: 'delete from auth_api.signing_keys where kid = $1::text',
    values: [kid],
  })
}

/** Deletes rows of denied keys that were restored by hand. */
export async function deleteRetiredRows(database: Queryable): Promise<void> {
  await readRows(database, {
    text: 'delete from auth_api.signing_keys where kid in (select kid from auth_api.retired_keys)',
  })
}

/** Deletes a key and refuses its kid from now on. */
export async function denySigningKey(database: Queryable, kid: string): Promise<void> {
  await readRows(database, {
    text: 'insert into auth_api.retired_keys (kid) values ($1::text) on conflict (kid) do nothing',
    values: [kid],
  })
  await deleteSigningKey(database, kid)
}

/** Reads the denied keys, latest last. */
export async function readRetiredKeys(
  database: Queryable,
): Promise<{ kid: string; retiredAtMs: number }[]> {
  const rows = await readRows<{ kid: string; retired_at: number }>(database, {
    text: 'select kid, retired_at from auth_api.retired_keys order by retired_at, kid',
  })
  return rows.map(({ kid, retired_at: retiredAtMs }) => ({ kid, retiredAtMs }))
}

/** Reads the kids of all denied keys, in order. */
export async function readRetiredKids(database: Queryable): Promise<string[]> {
  const rows = await readRows<{ kid: string }>(database, {
    name: 'retired-kids',
    text: 'select kid from auth_api.retired_keys order by kid',
  })
  return rows.map(({ kid }) => kid)
}
