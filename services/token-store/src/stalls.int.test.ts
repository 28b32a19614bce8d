import { setImmediate } from 'node:timers/promises'
import type { RotateResult } from '@auto-refresh/contracts'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { eventually } from '@auto-refresh/test-engines'
import { refresh, startTestTokenStores, type TestTokenStores } from './testing/test-token-store.ts'

const GRACE_SECONDS = 6
let t: TestTokenStores
beforeAll(async () => {
  // Waits for a lock time out, as in production.
  t = await startTestTokenStores({
    slowClock: false,
    session: '-c lock_timeout=250',
    env: { REFRESH_GRACE_SECONDS: String(GRACE_SECONDS), REFRESH_LIMIT: 'off' },
  })
})
beforeEach(() => t.sql.query('delete from token_store.downtimes'))
afterAll(() => t.stop())

const downSeconds = async () => {
  const { rows } = await t.sql.query<{ seconds: number }>(
    'select coalesce(sum(extract(epoch from ended_at - started_at)), 0)::float8 as seconds from token_store.downtimes',
  )
  return Number(rows[0]?.seconds)
}
const isBeating = async () => {
  const { rows } = await t.sql.query<{ young: boolean }>(
    `select beat_at > clock_timestamp() - interval '1 second' as young from token_store.heartbeat`,
  )
  return rows[0]?.young === true
}

/** A session with a superseded first token, and the result for it while no downtime is open. */
async function superseded() {
  const { token } = await t.issue()
  const rotated = await t.store.rotate(refresh(token))
  return { token, rotated: 'token' in rotated ? rotated.token : '' }
}
async function answer(token: string) {
  await eventually(isBeating)
  let result: RotateResult | undefined
  // Retries the same request until it succeeds, as a client does.
  await eventually(async () => {
    result = await t.store.rotate(refresh(token)).catch(() => undefined)
    return result !== undefined
  })
  return result
}

/** No heartbeat is written while its row is locked. Rotations do not need it. */
async function withoutBeats(work: () => Promise<void>) {
  await eventually(isBeating)
  await t.sql.query('begin')
  await t.sql.query('select from token_store.heartbeat for update')
  try {
    await work()
  } finally {
    await t.sql.query('commit')
  }
}
const until = (ms: number) => {
  const startedAt = performance.now()
  return () => performance.now() - startedAt > ms
}

test('a process that is kept busy does not widen the grace window', { retry: 2 }, async () => {
  const { token } = await superseded()
  const isOver = until((GRACE_SECONDS + 6) * 1000)
  while (!isOver()) {
    // One turn of the event loop under a flood of requests.
    const isTurnOver = until(1000)
    while (!isTurnOver());
    await setImmediate()
  }
  expect(await answer(token)).toMatchObject({ outcome: 'reused' })
})

test(
  'while rotations are committed, a late heartbeat is no downtime and no request fails',
  { retry: 2 },
  async () => {
    const { token } = await superseded()
    let { token: current } = await t.issue()
    await withoutBeats(async () => {
      const isOver = until((GRACE_SECONDS + 4) * 1000)
      while (!isOver()) {
        const result = await t.store.rotate(refresh(current))
        if (!('token' in result)) throw new Error(result.outcome)
        current = result.token
      }
      expect(await t.store.peek(refresh(token))).toMatchObject({ outcome: 'reused' })
    })
    expect(await answer(token)).toMatchObject({ outcome: 'reused' })
    expect(await downSeconds()).toBe(0)
  },
)

test('from the first failed request on, a gap is a downtime, whatever is committed after it', async () => {
  const { token, rotated } = await superseded()
  const stuck = await t.issue()
  const other = await t.issue()
  await withoutBeats(async () => {
    await t.sql.query('select from token_store.sessions where id = $1 for update', [
      stuck.session.id,
    ])
    await expect(t.store.rotate(refresh(stuck.token))).rejects.toMatchObject({
      code: 'unavailable',
    })
    const isOver = until((GRACE_SECONDS + 4) * 1000)
    while (!isOver()) await t.store.rotate(refresh(other.token)).catch(() => {})
  })
  expect(await answer(token)).toMatchObject({ outcome: 'replayed', token: rotated })
  expect(await downSeconds()).toBeGreaterThan(GRACE_SECONDS)
})
