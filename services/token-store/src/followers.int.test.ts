import type { RotateResult } from '@auto-refresh/contracts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '@auto-refresh/test-engines'
import {
  home,
  refresh,
  startTestTokenStores,
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
  t.events.flatMap((event) =>
    event.subject === sessionId && event.type !== 'session.rotated.v1' ? [event.type] : [],
  )
const thieves = [
  { network: '203.0.113.0/24', agent: home.agent },
  { network: home.network, agent: 'curl' },
  { network: '203.0.114.0/24', agent: home.agent },
]

test('a thief who replays at once is reported as a shadow in the third generation, over all replicas', async () => {
  const { token, session } = await t.issue()
  let owned = token
  for (const [i, context] of thieves.entries()) {
    const stolen = owned
    owned = tokenOf(await storeOf(i).rotate(refresh(stolen)))
    expect(tokenOf(await storeOf(i + 1).rotate(refresh(stolen, { context })))).toBe(owned)
  }
  const expected = [
    'session.issued.v1',
    'session.replay-suspected.v1',
    'session.replay-suspected.v1',
    'session.shadow-suspected.v1',
  ]
  await eventually(() => typesOf(session.id).length === expected.length)
  expect(typesOf(session.id)).toEqual(expected)
  const presented = t.events.flatMap((event) =>
    event.subject === session.id && 'presented' in event.data ? [event.data.presented] : [],
  )
  expect(presented).toMatchObject(thieves)
})

test('strict mode ends the session at the first replay by another user agent, even in one batch with the rotation', async () => {
  const strict = await startTestTokenStores({ env: { REPLAY_CONTEXT: 'strict' } })
  try {
    const { token } = await strict.issue()
    const results = await Promise.all([
      strict.store.rotate(refresh(token)),
      strict.store.rotate(refresh(token, { context: { network: 'other', agent: home.agent } })),
      strict.store.rotate(refresh(token, { context: { network: home.network, agent: 'curl' } })),
    ])
    expect(results.map(({ outcome }) => outcome)).toEqual(['rotated', 'replayed', 'reused'])
    expect((await strict.store.rotate(refresh(tokenOf(results[0])))).outcome).toBe('revoked')
  } finally {
    await strict.stop()
  }
})

describe('a restored database', () => {
  async function restored() {
    const { token, session } = await t.issue()
    const tokens = [token]
    for (let n = 0; n < 9; n += 1)
      tokens.push(tokenOf(await t.store.rotate(refresh(tokens.at(-1) ?? ''))))
    await t.sql.query('update token_store.sessions set generation = 1, seq = 1 where id = $1', [
      session.id,
    ])
    const present = async (generation: number, context = home) =>
      (await t.store.rotate(refresh(tokens[generation] ?? '', { context }))).outcome
    return { session, present }
  }

  test('accepts an old stolen token once, and ends the session when its owner presents a later one', async () => {
    const { session, present } = await restored()
    expect(await present(4, { network: 'other', agent: 'curl' })).toBe('regressed')
    await t.sql.query(
      `update token_store.sessions set regressed_at = regressed_at - interval '10 minutes' where id = $1`,
      [session.id],
    )
    expect(await present(9)).toBe('reused')
    expect(await present(4)).toBe('revoked')
  })

  test('serves concurrent refreshes of lost generations', async () => {
    const { present } = await restored()
    expect([await present(4), await present(6), await present(5), await present(9)]).toEqual([
      'regressed',
      'regressed',
      'replayed',
      'regressed',
    ])
  })
})

test('a rotation in the future, from before the clock was set back, is replayed for one grace window', async () => {
  const { token, session } = await t.issue()
  const current = tokenOf(await t.store.rotate(refresh(token)))
  // left by the jump forward: a rotation in the future, and a downtime that has not ended yet
  await t.age(session.id, -3600)
  await t.sql.query(
    `insert into token_store.downtimes (started_at, ended_at) values (clock_timestamp() - interval '1 minute', clock_timestamp() + interval '1 hour')`,
  )
  await eventually(
    async () =>
      (await t.sql.query('select 1 from token_store.downtimes where ended_at > clock_timestamp()'))
        .rowCount === 0,
  )
  expect(tokenOf(await t.store.rotate(refresh(token)))).toBe(current)
  await t.age(session.id, 600)
  expect((await t.store.rotate(refresh(token))).outcome).toBe('reused')
})

test('a row with a time that is not a number fails only its own request, as retryable', async () => {
  const [broken, fine] = [await t.issue(), await t.issue()]
  await t.sql.query(`update token_store.sessions set mark_at = 'infinity' where id = $1`, [
    broken.session.id,
  ])
  const [refused, served] = await Promise.allSettled(
    [broken, fine].map(({ token }) => t.store.rotate(refresh(token))),
  )
  expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
  expect(served).toMatchObject({ status: 'fulfilled', value: { outcome: 'rotated' } })
  await expect(t.store.peek(refresh(broken.token))).rejects.toMatchObject({ code: 'unavailable' })
})

test('a migration that adds a column does not disturb running replicas', async () => {
  const { token } = await t.issue()
  const next = tokenOf(await t.store.rotate(refresh(token)))
  await t.sql.query('alter table token_store.sessions add column later text')
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, i) => storeOf(i).rotate(refresh(next))),
  )
  expect(results.filter(({ outcome }) => outcome === 'rotated')).toHaveLength(1)
  const [first] = results.map(tokenOf)
  expect(await t.store.peek(refresh(first ?? ''))).toMatchObject({ outcome: 'rotated' })
})
