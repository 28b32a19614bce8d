import { randomBytes } from 'node:crypto'
import type { RotateResult } from '@auto-refresh/contracts'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '@auto-refresh/test-engines'
import {
  refresh,
  startTestTokenStores,
  testKeys,
  type TestTokenStores,
} from './testing/test-token-store.ts'

let t: TestTokenStores
beforeAll(async () => {
  t = await startTestTokenStores({ replicas: 2, env: { REFRESH_LIMIT: 'off' } })
})
afterAll(() => t.stop())

const tokenOf = (result: RotateResult) => {
  if (!('token' in result)) throw new Error(result.outcome)
  return result.token
}
const storeOf = (i: number) => t.stores[i % t.stores.length] ?? t.store
const typesOf = (sessionId: string) =>
  t.events.filter((event) => event.subject === sessionId).map((event) => event.type)
const seqsOf = (sessionId: string) =>
  t.events.flatMap((event) =>
    'session_seq' in event.data && event.data.session_id === sessionId
      ? [event.data.session_seq]
      : [],
  )

describe('concurrent requests', () => {
  test('50 concurrent refreshes of one token over two replicas give one rotation, one successor and no alarm', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { token, session } = await t.issue()
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, i) => storeOf(i).rotate(refresh(token))),
      )
      expect(new Set(results.map(tokenOf)).size).toBe(1)
      expect(results.filter((result) => result.outcome === 'rotated')).toHaveLength(1)
      expect(results.filter((result) => result.outcome === 'replayed')).toHaveLength(49)
      await eventually(() => typesOf(session.id).length === 2)
      expect(typesOf(session.id)).toEqual(['session.issued.v1', 'session.rotated.v1'])
    }
  })

  test('two tokens of one session in one batch are decided in sequence', async () => {
    const { token } = await t.issue()
    const second = tokenOf(await t.store.rotate(refresh(token)))
    const results = await Promise.all([
      t.store.rotate(refresh(second)),
      t.store.rotate(refresh(token)),
      t.store.rotate(refresh(second)),
    ])
    expect(new Set(results.map(tokenOf)).size).toBe(1)
    expect(results.map((result) => result.outcome)).toEqual(['rotated', 'replayed', 'replayed'])
  })

  test('after the response to a revocation no rotation succeeds', async () => {
    for (let round = 0; round < 60; round += 1) {
      const { token, session } = await t.issue()
      const racing = Array.from({ length: 4 }, (_, i) => storeOf(i).rotate(refresh(token)))
      const revoked =
        round % 2 === 0
          ? storeOf(round).revokeSession({ sessionId: session.id, reason: 'logout' })
          : storeOf(round).revokeUser({ userId: session.userId, version: 1, reason: 'logout_all' })
      await revoked
      const tokens = (await Promise.all(racing)).flatMap((result) =>
        'token' in result ? [result.token] : [],
      )
      for (const late of [token, ...tokens])
        expect((await storeOf(round + 1).rotate(refresh(late))).outcome).toBe('revoked')
    }
  })

  test('a sign-in that began before a revocation of the user is refused after it', async () => {
    for (let round = 0; round < 60; round += 1) {
      const userId = crypto.randomUUID()
      const request = {
        userId,
        userVersion: 0,
        clientId: 'default',
        context: { network: 'n', agent: 'a' },
        accessTtlSeconds: 60,
      }
      const [issued] = await Promise.all([
        storeOf(round).issue(request),
        storeOf(round + 1).revokeUser({ userId, version: 1, reason: 'user_disabled' }),
      ])
      if (issued.outcome === 'issued')
        expect((await t.store.rotate(refresh(issued.token))).outcome).toBe('revoked')
      expect((await t.store.issue(request)).outcome).toBe('user_revoked')
      expect((await t.store.issue({ ...request, userVersion: 1 })).outcome).toBe('issued')
    }
  })

  test('a revocation of the user waits for a sign-in in progress and ends its session too', async () => {
    const one = await startTestTokenStores({ env: { SESSION_LIMIT: '1' } })
    const { session } = await one.issue()
    const { userId } = session
    const waiting = async (count: number) =>
      // From another connection: within one transaction Postgres returns its first reading.
      eventually(
        async () =>
          (
            await t.sql.query(
              `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = $1`,
              [new URL(one.url).pathname.slice(1)],
            )
          ).rowCount === count,
      )
    try {
      await one.sql.query('begin')
      await one.sql.query('select 1 from token_store.sessions where id = $1 for update', [
        session.id,
      ])
      // It must end the first session, which is locked: it waits between reading the
      // version and writing.
      const issuing = one.store.issue({
        userId,
        userVersion: 0,
        clientId: 'default',
        context: { network: 'n', agent: 'a' },
        accessTtlSeconds: 60,
      })
      await waiting(1)
      const revoking = one.store.revokeUser({ userId, version: 1, reason: 'user_disabled' })
      await waiting(2)
      await one.sql.query('commit')
      await Promise.all([issuing, revoking])
      expect((await one.store.listSessions({ userId })).sessions).toEqual([])
    } finally {
      await one.stop()
    }
  })

  test('batches with the same sessions in different orders never deadlock', async () => {
    const userId = crypto.randomUUID()
    const issued = await Promise.all(Array.from({ length: 30 }, () => t.issue({ userId })))
    const results = await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        storeOf(i).rotate(refresh((issued[(i * 7) % 30] ?? issued[0])?.token ?? '')),
      ),
    )
    expect(
      results.every((result) => result.outcome === 'rotated' || result.outcome === 'replayed'),
    ).toBe(true)
    const revoked = await Promise.all(
      [0, 1].map((i) => storeOf(i).revokeUser({ userId, version: 5, reason: 'admin' })),
    )
    expect(revoked.flatMap((result) => result.revokedSessionIds)).toHaveLength(30)
  })

  test('a locked row fails only its own request', async () => {
    const one = await startTestTokenStores({
      env: { REFRESH_LIMIT: 'off' },
      session: '-c lock_timeout=250',
    })
    try {
      const [stuck, ...free] = await Promise.all(Array.from({ length: 20 }, () => one.issue()))
      await one.sql.query('begin')
      await one.sql.query('select 1 from token_store.sessions where id = $1 for update', [
        stuck?.session.id,
      ])
      const results = await Promise.allSettled(
        [stuck, ...free].map((issued) => one.store.rotate(refresh(issued?.token ?? ''))),
      )
      await one.sql.query('rollback')
      expect(results.map((result) => result.status)).toEqual([
        'rejected',
        ...free.map(() => 'fulfilled'),
      ])
      expect(results[0]).toMatchObject({ reason: { code: 'unavailable' } })
      expect((await one.store.rotate(refresh(stuck?.token ?? ''))).outcome).toBe('rotated')
    } finally {
      await one.stop()
    }
  })
})

describe('theft', () => {
  test('an old token after the grace window ends only its session, with one event however often it is presented', async () => {
    const userId = crypto.randomUUID()
    const [stolen, other] = [await t.issue({ userId }), await t.issue({ userId })]
    const current = tokenOf(await t.store.rotate(refresh(stolen.token)))
    // Far longer than the grace window plus any pause of the machine, which is subtracted.
    await t.age(stolen.session.id, 600)
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, i) => storeOf(i).rotate(refresh(stolen.token))),
    )
    expect(results.filter((result) => result.outcome === 'reused')).toHaveLength(1)
    expect(results.filter((result) => result.outcome === 'revoked')).toHaveLength(99)
    expect((await t.store.rotate(refresh(current))).outcome).toBe('revoked')
    expect((await t.store.rotate(refresh(other.token))).outcome).toBe('rotated')
    await eventually(() => typesOf(stolen.session.id).length === 3)
    expect(typesOf(stolen.session.id)).toEqual([
      'session.issued.v1',
      'session.rotated.v1',
      'session.reuse-detected.v1',
    ])
    const { revocations } = await t.store.revocations({})
    expect(revocations.map((revocation) => revocation.sessionId)).toContain(stolen.session.id)
  })

  test('each of 30 older generations is detected as a reuse', async () => {
    for (let generation = 0; generation < 30; generation += 5) {
      const { token, session } = await t.issue()
      const tokens = [token]
      for (let n = 0; n < 30; n += 1)
        tokens.push(tokenOf(await t.store.rotate(refresh(tokens.at(-1) ?? ''))))
      await t.age(session.id, 3600)
      expect((await t.store.rotate(refresh(tokens[generation] ?? ''))).outcome).toBe('reused')
    }
  })

  test('a token that is not authentic revokes no session', async () => {
    const { token, session } = await t.issue()
    await t.age(session.id, 3600)
    const before = await t.sql.query('select * from token_store.sessions where id = $1', [
      session.id,
    ])
    for (let i = 4; i < token.length; i += 1) {
      const forged = token.slice(0, i) + (token.charAt(i) === 'A' ? 'B' : 'A') + token.slice(i + 1)
      expect(await t.store.rotate(refresh(forged))).toMatchObject({
        outcome: 'invalid',
        mac: false,
      })
    }
    expect(
      (await t.sql.query('select * from token_store.sessions where id = $1', [session.id])).rows,
    ).toEqual(before.rows)
  })
})

describe('no theft', () => {
  test('a response lost an hour ago is returned to the same attempt', async () => {
    const { token, session } = await t.issue()
    const lost = tokenOf(await t.store.rotate(refresh(token, { idempotencyKey: 'attempt-1' })))
    await t.age(session.id, 3600)
    expect(tokenOf(await t.store.rotate(refresh(token, { idempotencyKey: 'attempt-1' })))).toBe(
      lost,
    )
    expect((await t.store.rotate(refresh(token, { idempotencyKey: 'attempt-2' }))).outcome).toBe(
      'reused',
    )
  })

  test('a database that lost the last rotations accepts newer tokens', async () => {
    const { token, session } = await t.issue()
    const newer = tokenOf(
      await t.store.rotate(refresh(tokenOf(await t.store.rotate(refresh(token))))),
    )
    await t.sql.query('update token_store.sessions set generation = 0, seq = 0 where id = $1', [
      session.id,
    ])
    const result = await t.store.rotate(refresh(newer))
    expect(result).toMatchObject({ outcome: 'regressed', session: { generation: 3 } })
    expect((await t.store.rotate(refresh(tokenOf(result)))).outcome).toBe('rotated')
  })

  test('an unknown recent session is reported as lost, an unknown old one as expired', async () => {
    const { token, session } = await t.issue()
    await t.sql.query('delete from token_store.sessions where id = $1', [session.id])
    expect((await t.store.rotate(refresh(token))).outcome).toBe('unknown_session')
  })

  test('a token of another session than that of the access token changes nothing', async () => {
    const { token } = await t.issue()
    expect(
      (await t.store.rotate(refresh(token, { expectedSessionId: crypto.randomUUID() }))).outcome,
    ).toBe('session_mismatch')
    expect(await t.store.peek(refresh(token))).toMatchObject({
      outcome: 'rotated',
      session: { generation: 0 },
    })
    expect(await t.store.rotate(refresh(token))).toMatchObject({
      outcome: 'rotated',
      session: { generation: 1 },
    })
  })

  test('a session keeps how and when its user was authenticated elsewhere', async () => {
    const authTimeMs = Date.now() - 3_600_000
    const { token, session } = await t.issue({ amr: ['pwd', 'otp'], authTimeMs })
    const rotated = await t.store.rotate(refresh(token))
    for (const one of [session, 'session' in rotated && rotated.session])
      expect(one).toMatchObject({ amr: ['pwd', 'otp'], authTimeMs })
    const unknown = await t.issue({ amr: [], authTimeMs: Date.now() + 3_600_000 })
    expect(unknown.session).toMatchObject({
      amr: [],
      authTimeMs: unknown.session.authenticatedAtMs,
    })
    expect((await t.issue()).session).not.toHaveProperty('amr')
  })

  test('a user agent that the database cannot store is cleaned', async () => {
    const { token } = await t.issue({ context: { network: 'n', agent: 'a\0\ud800b' } })
    expect(
      (await t.store.rotate(refresh(token, { context: { network: 'n', agent: '\u0000\udfff' } })))
        .outcome,
    ).toBe('rotated')
  })
})

test('a session whose newest key is missing here fails as retryable, and no other request of its batch fails', async () => {
  const newer = await startTestTokenStores({
    env: { REFRESH_TOKEN_KEYS: `2:${randomBytes(32).toString('base64')},${testKeys}` },
  })
  try {
    const older = await startTestTokenStores({ url: newer.url })
    const [moved, other] = [await older.issue(), await older.issue()]
    await newer.store.rotate(refresh(moved.token))
    const [missing, fine] = await Promise.all([
      older.store.rotate(refresh(moved.token)),
      older.store.rotate(refresh(other.token)),
    ])
    expect([missing.outcome, fine.outcome]).toEqual(['unknown_kid', 'rotated'])
    expect((await newer.store.rotate(refresh(moved.token))).outcome).toBe('replayed')
    await older.stop()
  } finally {
    await newer.stop()
  }
})

test('the session that rotated longest ago ends when a user has too many', async () => {
  const few = await startTestTokenStores({ env: { SESSION_LIMIT: '3' } })
  try {
    const userId = crypto.randomUUID()
    const issued = []
    for (let n = 0; n < 4; n += 1) {
      issued.push(await few.issue({ userId }))
      if (n === 1) await few.store.rotate(refresh(issued[0]?.token ?? ''))
    }
    const active = (await few.store.listSessions({ userId })).sessions.map((session) => session.id)
    expect(active.toSorted()).toEqual(
      [issued[0], issued[2], issued[3]].map((one) => one?.session.id ?? '').toSorted(),
    )
    expect(await few.store.rotate(refresh(issued[1]?.token ?? ''))).toMatchObject({
      outcome: 'revoked',
      reason: 'limit',
    })
  } finally {
    await few.stop()
  }
})

test('events are published once, in order per session, and the outbox drains', async () => {
  const { token, session } = await t.issue()
  let current = token
  for (let n = 0; n < 40; n += 1) current = tokenOf(await storeOf(n).rotate(refresh(current)))
  await t.store.revokeSession({ sessionId: session.id, reason: 'logout' })
  await eventually(() => seqsOf(session.id).length === 42)
  expect(seqsOf(session.id)).toEqual(Array.from({ length: 42 }, (_, seq) => seq))
  await eventually(
    async () => (await t.sql.query('select 1 from token_store.outbox')).rowCount === 0,
  )
  expect(new Set(t.events.map((event) => event.id)).size).toBe(t.events.length)
})

test('a publisher that fails gets the same events again, in order', async () => {
  let failures = 3
  const flaky = await startTestTokenStores({
    publish: async () => {
      if (failures > 0) {
        failures -= 1
        throw new Error('broker unavailable')
      }
    },
  })
  try {
    const { token, session } = await flaky.issue()
    await flaky.store.rotate(refresh(token))
    await eventually(() => flaky.events.length === 2)
    expect(flaky.events.map((event) => [event.key, event.type])).toEqual([
      [session.id, 'session.issued.v1'],
      [session.id, 'session.rotated.v1'],
    ])
  } finally {
    await flaky.stop()
  }
})

test('two concurrent sweeps delete only expired sessions, with one event each', async () => {
  const expired = await Promise.all(Array.from({ length: 20 }, () => t.issue()))
  const alive = await t.issue()
  const loggedOut = await t.issue()
  await t.store.revokeSession({ sessionId: loggedOut.session.id, reason: 'logout' })
  for (const { session } of [...expired, loggedOut]) await t.age(session.id, 8 * 86_400)
  const other = new Client({ connectionString: t.url })
  await other.connect()
  const sweep = async (client: Client) =>
    Number(
      (await client.query<{ deleted: string }>('select deleted from token_store.sweep_expired(15)'))
        .rows[0]?.deleted,
    )
  const counts = [...(await Promise.all([sweep(t.sql), sweep(other)])), await sweep(other)]
  await other.end()
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(21)
  expect(Math.max(...counts)).toBeLessThanOrEqual(15)
  const left = await t.sql.query('select id from token_store.sessions where id = any($1)', [
    [...expired, alive, loggedOut].map((one) => one.session.id),
  ])
  expect(left.rows).toEqual([{ id: alive.session.id }])
  await eventually(() =>
    expired.every(({ session }) => typesOf(session.id).includes('session.expired.v1')),
  )
  expect(
    expired.flatMap(({ session }) =>
      typesOf(session.id).filter((type) => type === 'session.expired.v1'),
    ),
  ).toHaveLength(20)
  expect(typesOf(loggedOut.session.id)).not.toContain('session.expired.v1')
  expect((await t.store.rotate(refresh(alive.token))).outcome).toBe('rotated')
})

test('the database holds nothing from which a valid token can be made', async () => {
  const { token } = await t.issue()
  const bytes = Buffer.from(token.slice(4, 100), 'base64url')
  const nonce = bytes.subarray(24, 40).toString('hex')
  const mac = bytes.subarray(40).toString('hex')
  for (const table of [
    'sessions',
    'outbox',
    'user_versions',
    'heartbeat',
    'downtimes',
    'lane_leases',
  ]) {
    const { rows } = await t.sql.query(
      `select to_jsonb(t)::text as row from token_store.${table} t`,
    )
    for (const { row } of rows as Array<{ row: string }>) {
      for (const secret of [token, nonce, mac, bytes.toString('base64')])
        expect(row).not.toContain(secret)
    }
  }
})

test('rotations are HOT updates: no index grows with the number of refreshes', async () => {
  const alone = await startTestTokenStores({ env: { REFRESH_LIMIT: 'off' } })
  try {
    let { token } = await alone.issue()
    for (let n = 0; n < 200; n += 1) token = tokenOf(await alone.store.rotate(refresh(token)))
    await eventually(async () => {
      const { rows } = await alone.sql.query<{ hot: string; all: string }>(
        `select n_tup_hot_upd as hot, n_tup_upd as all from pg_stat_user_tables where relid = 'token_store.sessions'::regclass`,
      )
      // A long-running reader, as on a busy machine, keeps old row versions and fills the page.
      return Number(rows[0]?.all) === 200 && Number(rows[0]?.hot) > 150
    })
  } finally {
    await alone.stop()
  }
})
