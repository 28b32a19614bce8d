import type { Pool } from 'pg'
import { expect, test } from 'vitest'
import { createRotated } from '../../testing/cleanup-test.ts'
import { createAuditClients } from './create-audit-clients.ts'

/** Stores pairs as Postgres does: half a surrogate pair becomes U+FFFD. */
function createClients() {
  const stored = new Map<string, number>()
  const written: string[][] = []
  const pool = {
    async query(_: string, [clients = [], agents = [], days = []]: string[][]) {
      written.push(agents.map((agent, index) => `${days[index]} ${clients[index]} ${agent}`))
      const rows = agents.map((each, index) => {
        const row = { client_id: clients[index] ?? '', agent: each.toWellFormed() }
        const pair = JSON.stringify(row)
        stored.set(pair, stored.get(pair) ?? stored.size + 1)
        return { id: stored.get(pair) ?? 0, ...row }
      })
      return { rows: rows.toReversed() }
    },
  }
  return { written, toClients: createAuditClients({ pool: pool as unknown as Pool }) }
}
function createRotation(day: number, agent: string, clientId = 'web') {
  const rotation = createRotated('s', 1, `2026-11-0${day}T12:00:00.000Z`)
  return { ...rotation, data: { ...rotation.data, agent, client_id: clientId } }
}

test('a pair is written at its first rotation of a day, once', async () => {
  const { written, toClients } = createClients()
  const ofDay = (day: number) => [
    createRotation(day, 'a'),
    createRotation(day, 'b'),
    createRotation(day, 'a', 'app'),
    createRotation(day, 'a'),
  ]
  expect(await toClients(ofDay(2))).toEqual([1, 2, 3, 1])
  expect(await toClients(ofDay(2))).toEqual([1, 2, 3, 1])
  expect(await toClients(ofDay(1))).toEqual([1, 2, 3, 1])
  expect(await toClients([createRotation(2, 'b'), createRotation(3, 'b')])).toEqual([2, 2])
  expect(await toClients([createRotation(3, 'b')])).toEqual([2])
  expect(written).toEqual([
    ['2026-11-02 web a', '2026-11-02 web b', '2026-11-02 app a'],
    ['2026-11-03 web b'],
  ])
})

test('two agents that Postgres stores as one are written once', async () => {
  const { toClients } = createClients()
  const ids = await toClients([createRotation(1, 'x\ud800'), createRotation(1, 'x\udbff')])
  expect(ids).toEqual([1, 1])
})

test('pairs whose texts join to the same text are different', async () => {
  const { toClients } = createClients()
  expect(await toClients([createRotation(1, 'bc', 'a'), createRotation(1, 'c', 'ab')])).toEqual([
    1, 2,
  ])
})

test('an unknown number of agents takes a bounded memory', async () => {
  const { written, toClients } = createClients()
  for (let agent = 0; agent <= 10_000; agent += 500)
    await toClients(Array.from({ length: 500 }, (_, n) => createRotation(1, `${agent + n}`)))
  const before = written.length
  await toClients([createRotation(1, '0')])
  expect(written.length).toBe(before + 1)
}, 20_000)
