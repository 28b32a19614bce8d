import { randomBytes } from 'node:crypto'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import type { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { toAccessTokenClaims } from '../../domain/access-token-claims.ts'
import { aLog, aSession, aUser, NOW_MS } from '../../testing/fakes.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import {
  createMaintainSigningKeys,
  type MaintainSigningKeys,
} from '../../use-cases/signing-keys/maintain-signing-keys.ts'
import { createKeyVault } from '../crypto/create-key-vault.ts'
import { createPostgresSigningKeys } from '../postgres/create-postgres-signing-keys.ts'
import { createSigningKeys } from './create-signing-keys.ts'
import { generateSigningKey } from './signing-key-pair.ts'

const HOUR_MS = 3_600_000
const policy = { rotationMs: 24 * HOUR_MS, publishMs: HOUR_MS, retainMs: 2 * HOUR_MS }
const encryptionKeys = [{ kid: 'k1', key: randomBytes(32) }]
const claims = toAccessTokenClaims({
  session: aSession(),
  user: aUser(),
  policy: { issuer: 'i', audience: 'a', accessTtlSeconds: 1800 },
  nowMs: NOW_MS,
  jti: 'j',
})

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())
beforeEach(() => database.pool.query('delete from auth_api.signing_keys'))

type Options = {
  pool?: Pool
  atMs?: number
  keys?: typeof encryptionKeys
  readRetired?: () => Promise<void>
}
function replica({
  pool = database.pool,
  atMs = NOW_MS,
  keys = encryptionKeys,
  readRetired = async () => {},
}: Options = {}) {
  const now = { ms: atMs }
  const clock = { nowMs: () => now.ms }
  const vault = createKeyVault({ encryptionKeys: keys, randomBytes })
  const log = aLog()
  const maintain = vi.fn<MaintainSigningKeys>(
    createMaintainSigningKeys({
      store: createPostgresSigningKeys({ pool, clock }),
      generate: generateSigningKey,
      vault,
      policy,
      clock,
      log,
    }),
  )
  return {
    now,
    maintain,
    log,
    keys: createSigningKeys({ maintain, readRetired, vault, clock, log }),
  }
}
const states = async () =>
  (
    await database.pool.query(
      'select state, count(*)::int as n from auth_api.signing_keys group by state order by state',
    )
  ).rows
const kidsOf = ({ keys }: ReturnType<typeof replica>) => keys.jwks().keys.map(({ kid }) => kid)

test('ten replicas that start at once on an empty database agree on one key', async () => {
  // With open connections the queries arrive together.
  await Promise.all(Array.from({ length: 10 }, () => database.pool.query('select pg_sleep(0.05)')))
  for (let round = 0; round < 10; round++) {
    await database.pool.query('delete from auth_api.signing_keys')
    const replicas = Array.from({ length: 10 }, () => replica())
    await Promise.all(replicas.map(({ keys }) => keys.start()))
    expect(await states()).toEqual([{ state: 'active', n: 1 }])
    const [first, ...others] = replicas.map(kidsOf)
    for (const other of others) expect(other).toEqual(first)
    await Promise.all(replicas.map(({ keys }) => keys.stop()))
  }
})

test('each replica verifies the tokens of all others, and the private half is never stored in plain text', async () => {
  const [one, other] = [replica(), replica()]
  await one.keys.start()
  await other.keys.start()
  const token = await one.keys.sign(claims)
  const kid = kidsOf(one)[0] ?? ''
  expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid })
  const key = await other.keys.findPublicKey(kid)
  if (key === undefined) throw new Error('The key is unknown')
  expect((await jwtVerify(token, key, { currentDate: new Date(NOW_MS) })).payload).toEqual(claims)

  expect(Object.keys(one.keys.jwks().keys[0] ?? {}).toSorted()).toEqual([
    'alg',
    'crv',
    'kid',
    'kty',
    'use',
    'x',
    'y',
  ])
  const { rows } = await database.pool.query<{ private_key: Buffer; all: string }>(
    'select private_key, k::text as all from auth_api.signing_keys k',
  )
  expect(rows[0]?.private_key.toString('latin1')).not.toContain('PRIVATE KEY')
  expect(rows[0]?.all).not.toContain('"d"')
  await Promise.all([one.keys.stop(), other.keys.stop()])
})

test('during rotations with racing replicas every signed token can be verified', async () => {
  const replicas = [replica(), replica(), replica()]
  const tokens: { token: string; atMs: number }[] = []
  for (let hour = 0; hour <= 60; hour++) {
    await Promise.all(
      replicas.map(async ({ now, keys }) => {
        now.ms = NOW_MS + hour * HOUR_MS
        await keys.start()
        tokens.push({ token: await keys.sign(claims), atMs: now.ms })
      }),
    )
    const alive = tokens.filter(({ atMs }) => atMs > NOW_MS + (hour - 1) * HOUR_MS)
    for (const { token } of alive) {
      const known = replicas.map(({ keys }) =>
        keys.jwks().keys.some(({ kid }) => kid === decodeProtectedHeader(token).kid),
      )
      expect(known).toEqual([true, true, true])
    }
  }
  expect(new Set(tokens.map(({ token }) => decodeProtectedHeader(token).kid)).size).toBe(3)
  expect(
    (
      await database.pool.query(
        "select from auth_api.signing_keys where state = 'retired' and private_key is not null",
      )
    ).rowCount,
  ).toBe(0)
  await Promise.all(replicas.map(({ keys }) => keys.stop()))
})

test('an unknown kid is looked up once in five seconds, and found when another replica has created it', async () => {
  const one = replica()
  await one.keys.start()
  expect(await one.keys.findPublicKey('forged')).toBeUndefined()
  expect(one.maintain).toHaveBeenCalledTimes(1)
  one.now.ms += 5000
  await Promise.all(
    Array.from({ length: 100 }, async (_, i) => one.keys.findPublicKey(`forged ${i}`)),
  )
  expect(one.maintain).toHaveBeenCalledTimes(2)

  await database.pool.query(
    "update auth_api.signing_keys set activated_at = activated_at - interval '23 hours'",
  )
  const other = replica({ atMs: one.now.ms })
  await other.keys.start()
  const fresh = kidsOf(other).find((kid) => !kidsOf(one).includes(kid)) ?? ''
  one.now.ms += 5000
  expect(await one.keys.findPublicKey(fresh)).toBeDefined()
  await Promise.all([one.keys.stop(), other.keys.stop()])
})

test('while the database is unavailable keys keep signing, and an unknown kid is a 503, not an invalid token', async () => {
  const closed = await openTestDatabase()
  const one = replica({ pool: closed.pool })
  await one.keys.start()
  await closed.close()
  one.now.ms += 5000
  await expect(one.keys.findPublicKey('another')).rejects.toMatchObject({ code: 'unavailable' })
  expect(await one.keys.sign(claims)).toMatch(/^ey/)
  expect(await one.keys.findPublicKey(kidsOf(one)[0] ?? '')).toBeDefined()
  await one.keys.stop()
})

test('without their encryption key the signing keys do not open, and the error names it', async () => {
  const one = replica()
  await one.keys.start()
  await one.keys.stop()
  await expect(
    replica({ keys: [{ kid: 'k2', key: randomBytes(32) }] }).keys.start(),
  ).rejects.toThrow('has no key k1')
  const both = replica({ keys: [{ kid: 'k2', key: randomBytes(32) }, ...encryptionKeys] })
  await both.keys.start()
  expect(kidsOf(both)).toEqual(kidsOf(one))
  await both.keys.stop()
})

test('a key that is deleted before its tokens have expired is retired; one whose tokens have expired is not', async () => {
  await database.pool.query('delete from auth_api.retired_keys')
  const insert = (kid: string, ends: string) =>
    database.pool.query(`
    insert into auth_api.signing_keys (kid, state, public_jwk, created_at, activated_at, expires_at)
    values ('${kid}', 'retired', '{}', now(), now(), now() + interval '${ends}')`)
  const retired = async () =>
    (
      await database.pool.query<{ kid: string }>(
        'select kid from auth_api.retired_keys order by kid',
      )
    ).rows.map(({ kid }) => kid)
  await insert('dead', '30 seconds')
  await insert('deleted', '1 hour')
  await database.pool.query('delete from auth_api.signing_keys')
  expect(await retired()).toEqual(['deleted'])
  await insert('deleted', '1 hour')
  await insert('truncated', '1 hour')
  await database.pool.query('truncate auth_api.signing_keys')
  expect(await retired()).toEqual(['deleted', 'truncated'])
})

test('a deleted key is known as retired before it is unknown', async () => {
  const seen: { reads: number; kids: unknown[] }[] = []
  let isStarted = false
  const one = replica({
    async readRetired() {
      if (isStarted)
        seen.push({ reads: one.maintain.mock.settledResults.length, kids: kidsOf(one) })
    },
  })
  await one.keys.start()
  isStarted = true
  const kids = kidsOf(one)
  await database.pool.query('delete from auth_api.signing_keys')
  await one.keys.reload()
  expect(seen).toEqual([{ reads: 2, kids }])
  expect(kidsOf(one)).not.toEqual(kids)
  await one.keys.stop()
})

test('a denied key whose row is restored by hand does not sign again', async () => {
  const before = replica()
  await before.keys.start()
  await before.keys.stop()
  const { rows } = await database.pool.query<{ key: string }>(
    'with gone as (delete from auth_api.signing_keys returning *) select to_jsonb(gone)::text as key from gone',
  )
  await database.pool.query(
    'insert into auth_api.signing_keys select * from jsonb_populate_record(null::auth_api.signing_keys, $1::jsonb)',
    [rows[0]?.key],
  )
  const after = replica()
  await after.keys.start()
  expect(kidsOf(after)).toHaveLength(1)
  expect(kidsOf(after)).not.toEqual(kidsOf(before))
  expect(await states()).toEqual([{ state: 'active', n: 1 }])
  await after.keys.stop()
})
