import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LoginRecord } from '../../ports/login-records.ts'
import { context, SESSION_ID, USER_ID } from '../../testing/fakes.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { createPostgresLoginAudit } from './create-postgres-login-audit.ts'
import { createPostgresNotices } from './create-postgres-notices.ts'
import { deleteOldNotices, deleteOldSignIns, oldestSignInSeconds } from './delete-old-records.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

const idOf = (n: number) => `0199e000-0000-7000-8000-${String(n).padStart(12, '0')}`

describe('notices', () => {
  const notice = (n: number, occurredAtMs = Date.now()) => ({
    id: idOf(n),
    kind: 'session_ended_token_reused' as const,
    userId: USER_ID,
    sessionId: SESSION_ID,
    occurredAtMs,
  })

  test('an event adds one notice, even when delivered again after the notice was dismissed', async () => {
    const notices = createPostgresNotices(database)
    const [old, young] = [notice(1, Date.now() - 1000), notice(2)]
    await Promise.all(Array.from({ length: 10 }, () => notices.add(old)))
    await notices.add(young)
    expect(await notices.list(USER_ID)).toEqual([young, old])
    expect(await notices.dismiss(USER_ID, old.id)).toBe(true)
    await notices.add(old)
    expect(await notices.list(USER_ID)).toEqual([young])
    expect(await notices.dismiss(USER_ID, old.id)).toBe(false)
  })

  test('the notice of another user can neither be read nor dismissed', async () => {
    const notices = createPostgresNotices(database)
    await notices.add(notice(3))
    expect(await notices.list(idOf(99))).toEqual([])
    expect(await notices.dismiss(idOf(99), idOf(3))).toBe(false)
    expect(await notices.list(USER_ID)).toContainEqual(expect.objectContaining({ id: idOf(3) }))
  })
})

describe('the audit trail', () => {
  const login = (change: Partial<LoginRecord> = {}): LoginRecord => ({
    method: 'password',
    outcome: 'succeeded',
    usernameHash: 'ada',
    userId: USER_ID,
    sessionId: SESSION_ID,
    context,
    ...change,
  })
  const from = (address: string) => ({ ...context, address })

  test('records every login', async () => {
    const audit = createPostgresLoginAudit(database)
    await audit.record(login({ usernameHash: 'all' }))
    await audit.record({
      method: 'external',
      actor: 'key:shop',
      outcome: 'invalid_credentials',
      usernameHash: 'all',
      context: from('fe80::1'),
    })
    await audit.record({
      method: 'password',
      outcome: 'rate_limited',
      usernameHash: 'all',
      context: from('unknown'),
    })
    const { rows } = await database.pool.query(
      "select outcome, method, actor, user_id, session_id, host(address) as address, network, agent from auth_api.login_audit where username_hash = 'all' order by id",
    )
    expect(rows).toEqual([
      {
        outcome: 'succeeded',
        method: 'password',
        actor: null,
        user_id: USER_ID,
        session_id: SESSION_ID,
        address: '203.0.113.7',
        network: context.network,
        agent: 'test',
      },
      {
        outcome: 'invalid_credentials',
        method: 'external',
        actor: 'key:shop',
        user_id: null,
        session_id: null,
        address: 'fe80::1',
        network: context.network,
        agent: 'test',
      },
      {
        outcome: 'rate_limited',
        method: 'password',
        actor: null,
        user_id: null,
        session_id: null,
        address: null,
        network: context.network,
        agent: 'test',
      },
    ])
  })

  test.each([
    ['203.0.113.7', '203.0.113.7/32', true],
    ['203.0.113.7', '203.0.113.8/32', false],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::/64', false],
    ['::1', '0:0:0:0::/64', true],
    ['unknown', 'unknown', false],
  ])('signed in from %s, %s is familiar: %s', async (was, is, familiar) => {
    const audit = createPostgresLoginAudit(database)
    const usernameHash = `familiar ${was} ${is}`
    await audit.record(login({ usernameHash, context: from(was) }))
    expect(await audit.hasSignedInFrom(usernameHash, is)).toBe(familiar)
    expect(await audit.hasSignedInFrom('another user', is)).toBe(false)
  })

  test('successful sign-ins are read in pages, newest first', async () => {
    const { pool } = database
    const audit = createPostgresLoginAudit(database)
    await pool.query(`
      insert into auth_api.login_audit (outcome, username_hash, address, network, agent)
      select case when i % 2 = 0 then 'succeeded' else 'invalid_credentials' end, 'paged ' || i, '203.0.113.7', '203.0.113.0/24', 'test'
      from generate_series(1, 20004) i`)
    const first = await audit.signInsBefore()
    const second = await audit.signInsBefore(first.next)
    expect(first.signIns).toHaveLength(10_000)
    expect(first.signIns[0]).toMatchObject({ usernameHash: 'paged 20004', address: '203.0.113.7' })
    expect(second.signIns.slice(0, 2)).toMatchObject([
      { usernameHash: 'paged 4' },
      { usernameHash: 'paged 2' },
    ])
    // A page without successful sign-ins is not the last one.
    await pool.query(
      `insert into auth_api.login_audit (outcome, username_hash, network, agent)
        select 'invalid_credentials', 'flood', '', '' from generate_series(1, 20000)`,
    )
    const flood = await audit.signInsBefore()
    expect(flood.signIns).toEqual([])
    expect((await audit.signInsBefore(flood.next)).signIns[0]).toMatchObject({
      usernameHash: 'paged 20004',
    })
    // Only a password can be guessed: other methods make no address familiar.
    await audit.record(login({ method: 'external', usernameHash: 'elsewhere' }))
    expect((await audit.signInsBefore()).signIns).toEqual([])
    expect(await audit.signInsBefore('1')).toEqual({ signIns: [], next: undefined })
  })

  test('a failed login does not make an address familiar', async () => {
    const audit = createPostgresLoginAudit(database)
    await audit.record(login({ outcome: 'invalid_credentials', usernameHash: 'guessed' }))
    expect(await audit.hasSignedInFrom('guessed', context.block)).toBe(false)
  })

  test('only records older than the retention are deleted, and none while the database clock is ahead', async () => {
    const { pool } = database
    await pool.query(
      "insert into auth_api.login_audit (at, outcome, username_hash, network, agent) select now() - make_interval(days => d), 'succeeded', 'aged', '', '' from unnest(array[1, 89, 91, 400]) d",
    )
    await createPostgresNotices(database).add({
      id: idOf(7),
      userId: USER_ID,
      sessionId: SESSION_ID,
      occurredAtMs: Date.now() - 91 * 86_400_000,
    })
    expect(await oldestSignInSeconds(pool)).toBeGreaterThan(399 * 86_400)
    const deleted = (nowMs = Date.now()) =>
      Promise.all(
        [deleteOldSignIns, deleteOldNotices].map((deleteOld) =>
          deleteOld(pool, { retentionDays: 90, nowMs }, 1),
        ),
      )
    // as if the database clock had jumped ahead
    expect(await deleted(Date.now() - 120_000)).toEqual([0, 0])
    expect([await deleted(), await deleted(), await deleted()]).toEqual([
      [1, 1],
      [1, 0],
      [0, 0],
    ])
    expect(await oldestSignInSeconds(pool)).toBeLessThan(90 * 86_400)
    expect(
      (await pool.query("select from auth_api.login_audit where username_hash = 'aged'")).rowCount,
    ).toBe(2)
  })
})
