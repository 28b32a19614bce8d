import type { RotateResult } from '@auto-refresh/contracts'
import { eventually, type OwnPostgres, startOwnPostgres } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { refresh, startTestTokenStores, type TestTokenStores } from './testing/test-token-store.ts'

/** Includes a pause of the machine of up to 3 s; a longer one is a downtime. */
const GRACE_SECONDS = 5
/** Only waits for a lock time out, as in production. */
const DEADLINES = {
  options: '-c lock_timeout=250 -c statement_timeout=0 -c idle_in_transaction_session_timeout=0',
  query_timeout: '30000',
  connectionTimeoutMillis: '30000',
}
let postgres: OwnPostgres
let t: TestTokenStores
beforeAll(async () => {
  postgres = await startOwnPostgres()
  t = await startTestTokenStores({
    url: `${postgres.url}&${new URLSearchParams(DEADLINES).toString()}`,
    slowClock: false,
    env: { REFRESH_GRACE_SECONDS: String(GRACE_SECONDS) },
  })
})
afterAll(async () => {
  await t.stop()
  await postgres.stop()
})

/** Retries the same request until it succeeds, as a client does. */
async function retried(token: string) {
  const results: RotateResult[] = []
  await eventually(async () => {
    const result = await t.store.rotate(refresh(token)).catch(() => undefined)
    if (result !== undefined) results.push(result)
    return results.length > 0
  })
  const [result] = results
  if (result === undefined || !('token' in result)) throw new Error(result?.outcome)
  return result
}

test('a sessions table that is locked longer than the grace window ends no session', async () => {
  const { token } = await t.issue()
  const lost = await t.store.rotate(refresh(token))
  await t.sql.query('begin')
  await t.sql.query('lock table token_store.sessions in share mode')
  const lockedFrom = performance.now()
  await expect(t.store.rotate(refresh(token))).rejects.toMatchObject({ code: 'unavailable' })
  await eventually(() => performance.now() - lockedFrom > (GRACE_SECONDS + 4) * 1000, 10_000)
  await t.sql.query('commit')
  expect((await retried(token)).token).toBe('token' in lost ? lost.token : '')
})

test('a database that is down longer than the grace window ends no session, and every call fails as retryable', async () => {
  const clients = await Promise.all(Array.from({ length: 32 }, () => t.issue()))
  const lost = await Promise.all(clients.map(({ token }) => t.store.rotate(refresh(token))))
  await postgres.stopServer()
  const awayFrom = performance.now()

  await expect(t.store.rotate(refresh(clients[0]?.token ?? ''))).rejects.toMatchObject({
    code: 'unavailable',
  })
  const refusedWithinMs: number[] = []
  for (const { token } of clients.slice(0, 5)) {
    const startedAt = performance.now()
    await expect(t.store.rotate(refresh(token))).rejects.toMatchObject({ code: 'unavailable' })
    refusedWithinMs.push(performance.now() - startedAt)
  }
  // The fastest one counts: the machine may be busy.
  expect(Math.min(...refusedWithinMs)).toBeLessThan(300)
  await expect(t.store.peek(refresh(clients[0]?.token ?? ''))).rejects.toMatchObject({
    code: 'unavailable',
  })
  await expect(
    t.store.revokeSession({ sessionId: clients[0]?.session.id ?? '', reason: 'logout' }),
  ).rejects.toMatchObject({ code: 'unavailable' })
  expect(await t.store.rotate(refresh('art_forged'))).toMatchObject({ outcome: 'invalid' })

  await eventually(() => performance.now() - awayFrom > (GRACE_SECONDS + 3) * 1000, 10_000)
  await postgres.startServer()
  const successors = await Promise.all(
    clients.map(async ({ token }) => (await retried(token)).token),
  )
  expect(successors).toEqual(lost.map((result) => ('token' in result ? result.token : '')))
  await eventually(() => t.events.length >= 64)
  expect(t.events.filter((event) => event.type === 'session.reuse-detected.v1')).toEqual([])
})

test('a database that is killed during rotations loses and forks no session', async () => {
  const clients = await Promise.all(
    Array.from({ length: 32 }, async () => ({ token: (await t.issue()).token })),
  )
  for (let round = 0; round < 3; round += 1) {
    const killing = new Promise((resolve) => setTimeout(resolve, 20 * round)).then(() =>
      postgres.killServer(),
    )
    const answers = await Promise.allSettled(
      clients.map(({ token }) => t.store.rotate(refresh(token))),
    )
    await killing
    await postgres.startServer()
    await Promise.all(
      clients.map(async (client, i) => {
        const first = answers[i]?.status === 'fulfilled' ? answers[i].value : undefined
        const again = await retried(client.token)

        if (first !== undefined && 'token' in first) expect(again.token).toBe(first.token)
        client.token = again.token
      }),
    )
  }
  expect(t.events.filter((event) => event.type === 'session.reuse-detected.v1')).toEqual([])
})
