import { CodedError } from '@auto-refresh/contracts'
import { createMetrics } from '@auto-refresh/service-kit/telemetry'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createPostgresLoginAudit } from './adapters/postgres/create-postgres-login-audit.ts'
import { createPostgresNotices } from './adapters/postgres/create-postgres-notices.ts'
import { createPostgresPasswordTokens } from './adapters/postgres/create-postgres-password-tokens.ts'
import { createPostgresUsers } from './adapters/postgres/create-postgres-users.ts'
import { buildAdministration } from './build-administration.ts'
import { buildDeleteOldRecords } from './build-delete-old-records.ts'
import type { LoginRecord } from './ports/login-records.ts'
import { aLog, aRevocationList, aTokenStore, context, SESSION_ID } from './testing/fakes.ts'
import { openTestDatabase } from './testing/open-test-database.ts'
import { createDeliverRevocations } from './use-cases/sessions/deliver-revocations.ts'

const KEY = { kind: 'key', name: 'console' } as const

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

function build() {
  const { pool } = database
  const tokenStore = aTokenStore()
  tokenStore.revokeUser.mockResolvedValue({ revokedSessionIds: [] })
  const changed: string[] = []
  const users = createPostgresUsers({ pool })
  const revocations = aRevocationList()
  const { users: administration } = buildAdministration({
    pool,
    onUserChanged: (id) => void changed.push(id),
    tokenStore,
    users,
    passwords: {
      isBusy: () => false,
      hash: async () => 'hash',
      verify: async () => ({ matches: true, outdated: false }),
    },
    hashUsername: (key) => `hash of ${key}`,
    revocations,
    deliverRevocations: createDeliverRevocations({ users, tokenStore, revocations }),
    checkAccessToken: async () => ({ outcome: 'missing' }),
    limitRefused: async () => undefined,
    clock: { nowMs: Date.now },
    log: aLog(),
  })
  const add = async (username: string, more: object = {}) => {
    const added = await administration.add({ username, ...more }, KEY)
    if (added.outcome !== 'added') throw new Error(added.outcome)
    return added.user.id
  }
  return { pool, administration, add, users, tokenStore, changed }
}

async function actsOf(userId: string) {
  const { rows } = await database.pool.query(
    'select actor, act, details from auth_api.admin_acts where user_id = $1 order by id',
    [userId],
  )
  return rows as { actor: string; act: string; details: object }[]
}

async function signIn(userId: string | undefined, name: string, outcome: LoginRecord['outcome']) {
  await createPostgresLoginAudit({ pool: database.pool }).record({
    outcome,
    usernameHash: `hash of ${name}`,
    ...(userId === undefined ? {} : { userId }),
    method: 'password',
    context,
  })
}

test('a user is added, changed and found, and each act is recorded with its actor', async () => {
  const { administration, add, changed } = build()
  const id = await add('Ada Lovelace', { externalId: 'crm|1', claims: { tenant: 't1' } })
  expect(await administration.find(id)).toMatchObject({
    username: 'Ada Lovelace',
    externalId: 'crm|1',
    claims: { tenant: 't1' },
    hasPassword: false,
    active: true,
    lastSignInAtMs: undefined,
  })
  await signIn(id, 'ada lovelace', 'succeeded')
  await signIn(id, 'ada lovelace', 'invalid_credentials')
  const change = { username: 'ADA', role: 'editor', claims: {}, active: false }
  expect(await administration.change(id, change, KEY)).toEqual({ outcome: 'done' })
  expect(changed).toContain(id)
  const found = await administration.find(id)
  expect(found).toMatchObject({ username: 'ADA', role: 'editor', claims: {}, active: false })
  expect(found?.lastSignInAtMs).toBeGreaterThan(Date.now() - 60_000)
  expect(await administration.findByName('ada')).toMatchObject({ id })
  expect(await administration.findByName('ada lovelace')).toBeUndefined()
  expect(await administration.change(id, { active: true }, KEY)).toEqual({ outcome: 'done' })
  expect(await actsOf(id)).toEqual([
    {
      actor: 'key:console',
      act: 'user_added',
      details: { role: 'user', active: true, with_password: false },
    },
    {
      actor: 'key:console',
      act: 'user_changed',
      details: {
        username: 'set',
        role: { from: 'user', to: 'editor' },
        claims: 'set',
        active: { from: true, to: false },
      },
    },
    {
      actor: 'key:console',
      act: 'user_changed',
      details: { active: { from: false, to: true } },
    },
  ])
})

test('an act with an access token has its session and network', async () => {
  const { pool, administration, add } = build()
  const userId = await add('Touched')
  const by = { session_id: SESSION_ID, network: context.network }
  const session = { id: SESSION_ID, network: context.network }
  const actor = { kind: 'user', name: SESSION_ID, session } as const
  await administration.change(userId, { claims: {} }, actor)
  await createPostgresPasswordTokens({ pool, onChanged: () => {} }).create({
    userId,
    tokenHash: Buffer.alloc(32, 1),
    ttlSeconds: 60,
    actor,
  })
  expect((await actsOf(userId)).slice(1)).toEqual([
    { actor: `user:${SESSION_ID}`, act: 'user_changed', details: { claims: 'set', by } },
    { actor: `user:${SESSION_ID}`, act: 'password_token_created', details: { by } },
  ])
})

test('names and external ids stay unique, also in a race', async () => {
  const { administration, add } = build()
  const other = await add('Unique', { externalId: 'crm|unique' })
  const taken = { outcome: 'taken' }
  expect(await administration.add({ username: 'UNIQUE' }, KEY)).toEqual(taken)
  const sameId = { username: 'Another', externalId: 'crm|unique' }
  expect(await administration.add(sameId, KEY)).toEqual(taken)
  const renamed = await add('Renamed')
  expect(await administration.change(renamed, { username: 'ｕnique' }, KEY)).toEqual(taken)
  expect(await administration.change(other, { username: 'unique' }, KEY)).toEqual({
    outcome: 'done',
  })
  expect((await actsOf(renamed)).map(({ act }) => act)).toEqual(['user_added'])
})

test('an act that cannot be recorded does not happen', async () => {
  const { pool, administration, add } = build()
  const id = await add('Untouched')
  await pool.query(`create function auth_api.refuse_act() returns trigger language plpgsql as $$
    begin raise 'refused'; end $$`)
  await pool.query(`create trigger refuse before insert on auth_api.admin_acts
    for each row execute function auth_api.refuse_act()`)
  try {
    const unavailable = { code: 'unavailable' }
    const change = { role: 'admin', active: false }
    await expect(administration.change(id, change, KEY)).rejects.toMatchObject(unavailable)
    await expect(administration.erase(id, KEY)).rejects.toMatchObject(unavailable)
    await expect(administration.revokeSessions(id, KEY)).rejects.toMatchObject(unavailable)
    await expect(administration.add({ username: 'Nobody' }, KEY)).rejects.toMatchObject(unavailable)
  } finally {
    await pool.query('drop trigger refuse on auth_api.admin_acts')
  }
  expect(await administration.find(id)).toMatchObject({ role: 'user', active: true })
  expect(await administration.findByName('Nobody')).toBeUndefined()
  const { rows } = await pool.query('select from auth_api.pending_revocations where user_id = $1', [
    id,
  ])
  expect(rows).toEqual([])
})

describe('the search', () => {
  test('finds by the beginning of a name in any case, in pages without gaps or repeats', async () => {
    const { administration, add } = build()
    const names = ['Zoë', 'zora', 'ZOE', 'zo_', 'zo%', 'Zo', 'zq', '名zo', 'zO😀']
    for (const name of names) await add(name)
    const found: string[] = []
    let after: { name: string; id: string } | undefined
    do {
      const page = await administration.search({ query: 'zO', after, limit: 2 })
      expect(page.users.length).toBeLessThanOrEqual(2)
      found.push(...page.users.map(({ username }) => username))
      after = page.next
    } while (after !== undefined)
    expect(found.toSorted()).toEqual(['ZOE', 'Zo', 'Zoë', 'zO😀', 'zo%', 'zo_', 'zora'].toSorted())
    const exact = await administration.search({ query: 'zo%', limit: 10 })
    expect(exact.users.map(({ username }) => username)).toEqual(['zo%'])
  })

  test('finds by id and by external id, and can be limited to a state', async () => {
    const { administration, add } = build()
    const id = await add('Quentin', { externalId: 'https://issuer.example#1', active: false })
    await add('Quentina')
    const idsOf = async (search: object) =>
      (await administration.search({ limit: 10, ...search })).users.map(({ username }) => username)
    expect(await idsOf({ query: id.toUpperCase() })).toEqual(['Quentin'])
    expect(await idsOf({ query: 'https://issuer.example#1' })).toEqual(['Quentin'])
    expect(await idsOf({ query: id, active: true })).toEqual([])
    expect(await idsOf({ query: 'quent' })).toEqual(['Quentin', 'Quentina'])
    expect(await idsOf({ query: 'quent', active: false })).toEqual(['Quentin'])
    expect(await idsOf({ query: 'quent', active: true })).toEqual(['Quentina'])
    expect(await idsOf({ query: '\u0130\u{10FFFF}' })).toEqual([])
  })

  test('reads its page from an index', async () => {
    const { pool } = build()
    await using client = await pool
      .connect()
      .then((one) => Object.assign(one, { [Symbol.asyncDispose]: async () => one.release() }))
    await client.query('set enable_seqscan = off')
    for (const [state, index] of [
      ['', 'users_name'],
      ['and not active', 'users_disabled'],
    ] as const) {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `explain select * from auth_api.users where erased_at is null ${state}
          and lower(username) collate "C" >= lower('ada') collate "C"
          and (lower(username) collate "C", id) > ('ada' collate "C", gen_random_uuid())
        order by lower(username) collate "C", id limit 10`,
      )
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(plan).toContain(`Index Scan using ${index}`)
      expect(plan).not.toContain('Sort')
    }
    await client.query('reset enable_seqscan')
  })
})

describe('an erased user', () => {
  async function addWithRecords(name: string) {
    const built = build()
    const id = await built.add(name, { externalId: `crm|${name}`, claims: { tenant: name } })
    await signIn(id, name, 'succeeded')
    await signIn(id, name, 'invalid_credentials')
    await signIn(undefined, name, 'rate_limited')
    await built.pool.query(
      `insert into auth_api.password_tokens (user_id, token_hash, password_version, expires_at)
      values ($1, sha256($2::bytea), 0, now() + interval '1 hour')`,
      [id, name],
    )
    await createPostgresNotices({ pool: built.pool }).add({
      id,
      userId: id,
      sessionId: SESSION_ID,
      occurredAtMs: Date.now(),
    })
    return { ...built, id }
  }
  const recordsOf = async (name: string) =>
    (
      await database.pool.query(
        `select outcome, address::text, network, agent from auth_api.login_audit
        where username_hash = $1 order by id`,
        [`hash of ${name}`],
      )
    ).rows as { outcome: string; address: string | null; network: string; agent: string }[]
  const erasures = async () =>
    (await database.pool.query('select user_id from auth_api.pending_erasures')).rows.map(
      ({ user_id }: { user_id: string }) => user_id,
    )

  test('leaves no personal data, and the acts stay', async () => {
    const { pool, administration, tokenStore, users, id } = await addWithRecords('erika')
    await signIn(undefined, 'other', 'rate_limited')
    expect(await administration.erase(id, KEY)).toEqual({ outcome: 'done' })
    const { rows } = await pool.query(
      `select to_jsonb(u) - 'created_at' - 'updated_at' - 'erased_at' as kept
      from auth_api.users u where id = $1`,
      [id],
    )
    expect(rows[0]).toMatchObject({
      kept: { username: 'erased', username_key: null, external_id: null, claims: {}, role: 'user' },
    })
    expect(JSON.stringify(rows)).not.toMatch(/erika/i)
    const erased = { address: null, network: 'erased', agent: 'erased' }
    expect(await recordsOf('erika')).toMatchObject([erased, erased, erased])
    expect(await recordsOf('other')).toMatchObject([{ network: context.network }])
    expect(await createPostgresNotices({ pool }).list(id)).toEqual([])
    expect(
      (await pool.query('select from auth_api.password_tokens where user_id = $1', [id])).rowCount,
    ).toBe(0)
    expect(tokenStore.revokeUser).toHaveBeenCalledWith({
      userId: id,
      version: 2,
      reason: 'user_disabled',
    })
    expect((await actsOf(id)).map(({ act }) => act)).toEqual(['user_added', 'user_erased'])
    expect(JSON.stringify(await actsOf(id))).not.toMatch(/erika/i)

    expect(await administration.find(id)).toBeUndefined()
    expect(await users.findByName('erika')).toBeUndefined()
    const search = await administration.search({ query: 'erased', limit: 10 })
    expect(search.users).toEqual([])
    const gone = { outcome: 'not_found' }
    expect(await administration.change(id, { active: true }, KEY)).toEqual(gone)
    expect(await administration.revokeSessions(id, KEY)).toEqual(gone)
    expect(await administration.erase(id, KEY)).toEqual({ outcome: 'done' })
    expect(await administration.erase(SESSION_ID, KEY)).toEqual(gone)
    // the name is free again
    expect(await administration.add({ username: 'Erika' }, KEY)).toMatchObject({ outcome: 'added' })
  })

  test('is erased completely after a crash, and later sign-ins are erased too', async () => {
    const { pool, administration, tokenStore, id } = await addWithRecords('frida')
    tokenStore.revokeUser.mockRejectedValueOnce(new CodedError('unavailable'))
    await expect(administration.erase(id, KEY)).rejects.toMatchObject({ code: 'unavailable' })
    expect((await recordsOf('frida'))[0]?.network).toBe(context.network)
    expect(await erasures()).toContain(id)
    // A sign-in that began before the erasure is recorded after it.
    await signIn(id, 'frida', 'succeeded')

    const inBackground = buildDeleteOldRecords({
      pool,
      clock: { nowMs: Date.now, isDoubtful: () => false },
      retentionDays: 90,
      metrics: createMetrics({ service: 'auth-api', version: 'test' }),
      signal: new AbortController().signal,
    })
    await Promise.all([inBackground(), inBackground()])
    expect(new Set((await recordsOf('frida')).map(({ network }) => network))).toEqual(
      new Set(['erased']),
    )
    expect(await erasures()).toContain(id)
    await pool.query(`update auth_api.pending_erasures set erased_at = now() - interval '1 hour'`)
    await inBackground()
    expect(await erasures()).toEqual([])
  })

  test('of the same shown name as a local user leaves the records of that user', async () => {
    const { pool, administration, add } = build()
    await add('greta')
    await signIn(undefined, 'greta', 'rate_limited')
    const { rows } = await pool.query<{ id: string }>(
      `insert into auth_api.users (username, role, external_id)
      values ('greta', 'user', 'crm|greta') returning id`,
    )
    await administration.erase(rows[0]?.id ?? '', KEY)
    expect(await recordsOf('greta')).toMatchObject([{ network: context.network }])
  })

  test('and a change at the same time end in one order', async () => {
    const { administration, add } = build()
    const id = await add('racer')
    const changes = Array.from({ length: 5 }, (_, n) =>
      administration.change(id, { username: `racer ${n}`, claims: { n } }, KEY),
    )
    const erased = vi.fn<() => void>()
    await Promise.all([...changes, administration.erase(id, KEY).then(erased)])
    expect(erased).toHaveBeenCalledOnce()
    const { rows } = await database.pool.query(
      'select username, claims from auth_api.users where id = $1',
      [id],
    )
    expect(rows).toEqual([{ username: 'erased', claims: {} }])
  })
})
