import { createPool } from '@auto-refresh/service-kit/postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '@auto-refresh/test-engines'
import { createPostgresOutbox } from './adapters/postgres/create-postgres-outbox.ts'
import { refresh, startTestTokenStores, type TestTokenStores } from './testing/test-token-store.ts'

/** Does not expire within a test. */
const LEASE_MS = 600_000

let t: TestTokenStores
let pool: ReturnType<typeof createPool>
beforeAll(async () => {
  t = await startTestTokenStores({ replicas: 0 })
  pool = createPool({ url: t.url, applicationName: 'test', max: 4, onError: () => {} })
})
afterAll(async () => {
  await pool.end()
  await t.stop()
})

test('relays share the lanes fairly, and each lane has one owner', async () => {
  const outbox = createPostgresOutbox({ pool })
  const [a, b, c] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()]
  expect(await outbox.lease(a, LEASE_MS)).toHaveLength(16)
  expect(await outbox.lease(b, LEASE_MS)).toEqual([])
  const ofA = await outbox.lease(a, LEASE_MS)
  const ofB = await outbox.lease(b, LEASE_MS)
  expect([ofA.length, ofB.length, new Set([...ofA, ...ofB]).size]).toEqual([8, 8, 16])
  await outbox.lease(c, LEASE_MS)
  const three = [
    await outbox.lease(a, LEASE_MS),
    await outbox.lease(b, LEASE_MS),
    await outbox.lease(c, LEASE_MS),
  ]
  expect(three.flat().toSorted((x, y) => x - y)).toEqual(
    Array.from({ length: 16 }, (_, lane) => lane),
  )
  expect(Math.max(...three.map((lanes) => lanes.length))).toBe(6)
  for (const owner of [a, b, c]) await outbox.release(owner)
})

test('other relays take over the lanes of a crashed relay when its lease ends, not before', async () => {
  const outbox = createPostgresOutbox({ pool })
  const [dead, alive] = [crypto.randomUUID(), crypto.randomUUID()]
  expect(await outbox.lease(dead, LEASE_MS)).toHaveLength(16)
  expect(await outbox.lease(alive, LEASE_MS)).toEqual([])
  const letPass = async (ms: number) => {
    await t.sql.query(
      `update token_store.lane_leases set leased_until = leased_until - $1 * interval '1 millisecond' where owner = $2`,
      [ms, dead],
    )
    await t.sql.query(
      `update token_store.relays set seen_until = seen_until - $1 * interval '1 millisecond' where owner = $2`,
      [ms, dead],
    )
  }
  await letPass(LEASE_MS / 2)
  expect(await outbox.lease(alive, LEASE_MS)).toEqual([])
  await letPass(LEASE_MS / 2 + 1)
  expect(await outbox.lease(alive, LEASE_MS)).toHaveLength(16)
  await outbox.release(alive)
})

test('a relay that stops releases its lanes at once', async () => {
  const outbox = createPostgresOutbox({ pool })
  const [first, second] = [crypto.randomUUID(), crypto.randomUUID()]
  await outbox.lease(first, LEASE_MS)
  await outbox.release(first)
  expect(await outbox.lease(second, LEASE_MS)).toHaveLength(16)
  await outbox.release(second)
})

test('several relays publish every event once, in order per session', async () => {
  const two = await startTestTokenStores({ replicas: 2, env: { REFRESH_LIMIT: 'off' } })
  try {
    const sessions = await Promise.all(Array.from({ length: 20 }, () => two.issue()))
    await Promise.all(
      sessions.map(async (one) => {
        for (let n = 0, token = one.token; n < 30; n += 1) {
          const result = await (two.stores[n % 2] ?? two.store).rotate(refresh(token))
          if (!('token' in result)) throw new Error(result.outcome)
          token = result.token
        }
      }),
    )
    await eventually(() => two.events.length >= 20 * 31)
    expect(new Set(two.events.map((event) => event.id)).size).toBe(two.events.length)
    for (const { session } of sessions) {
      const seqs = two.events.flatMap((event) =>
        event.key === session.id && 'session_seq' in event.data ? [event.data.session_seq] : [],
      )
      expect(seqs).toEqual(Array.from({ length: 31 }, (_, seq) => seq))
    }
  } finally {
    await two.stop()
  }
})

test('an event carries the trace of its own request, not that of another in the batch', async () => {
  const own = await startTestTokenStores()
  try {
    const sessions = await Promise.all([own.issue(), own.issue(), own.issue()])
    const traceparents = ['a', undefined, 'c'].map(
      (digit) => digit && `00-${digit.repeat(32)}-${digit.repeat(16)}-01`,
    )
    await Promise.all(
      sessions.map(({ token }, i) =>
        own.store.rotate({
          ...refresh(token),
          ...(traceparents[i] !== undefined && { traceparent: traceparents[i] }),
        }),
      ),
    )
    await eventually(() => own.events.length >= 6)
    const published = sessions.map(
      ({ session }) =>
        own.events.find((event) => event.key === session.id && event.type === 'session.rotated.v1')
          ?.traceparent,
    )
    expect(published).toEqual(traceparents)
  } finally {
    await own.stop()
  }
})
