import type { Pool } from 'pg'
import { expect, test } from 'vitest'
import { createRotated } from '../../testing/cleanup-test.ts'
import { createAuditClients } from './create-audit-clients.ts'

/** Stores pairs as Postgres does: half a surrogate pair becomes U+FFFD, an insert always uses ids. */
function createClients() {
  const stored = new Map<string, { id: number; day: string }>()
  const queries: string[] = []
  let ids = 0
  const pool = {
    async query(text: string, [clients = [], agents = [], days = []]: string[][]) {
      const kind = /insert|update/.exec(text)?.[0] ?? 'read'
      const rows = agents.flatMap((each, index) => {
        const [client_id = '', agent, day = ''] = [clients[index], each.toWellFormed(), days[index]]
        queries.push(`${kind} ${day} ${client_id} ${agent}`)
        const old = stored.get(JSON.stringify([client_id, agent]))
        if (kind === 'insert') ids += 1
        else if (old === undefined || (kind === 'read' && old.day < day)) return []
        const client = { id: old?.id ?? ids, day: day > (old?.day ?? '') ? day : (old?.day ?? '') }
        stored.set(JSON.stringify([client_id, agent]), client)
        return [{ id: client.id, client_id, agent }]
      })
      return { rows: rows.toReversed() }
    },
  }
  const open = () => createAuditClients({ pool: pool as unknown as Pool })
  return { queries, open, toClients: open() }
}
function createRotation(day: number, agent: string, clientId = 'web') {
  const rotation = createRotated('s', 1, `2026-11-0${day}T12:00:00.000Z`)
  return { ...rotation, data: { ...rotation.data, agent, client_id: clientId } }
}

test('a pair is written at its first rotation of a day, once', async () => {
  const { queries, toClients } = createClients()
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
  expect(queries.filter((query) => !query.startsWith('read'))).toEqual([
    ...['web a', 'web b', 'app a'].map((pair) => `update 2026-11-02 ${pair}`),
    ...['web a', 'web b', 'app a'].map((pair) => `insert 2026-11-02 ${pair}`),
    'update 2026-11-03 web b',
  ])
})

test('a stored pair of client and user agent uses no further id, in any process', async () => {
  const { queries, open } = createClients()
  expect(await open()([createRotation(2, 'a')])).toEqual([1])
  queries.length = 0
  expect(await open()([createRotation(2, 'a')])).toEqual([1])
  expect(await open()([createRotation(3, 'a')])).toEqual([1])
  expect(await open()([createRotation(2, 'a')])).toEqual([1])
  expect(queries.filter((query) => !query.startsWith('read'))).toEqual(['update 2026-11-03 web a'])
  expect(await open()([createRotation(3, 'b')])).toEqual([2])
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

test('an unknown number of agents takes a bounded memory; the pairs in use stay in it', async () => {
  const { queries, toClients } = createClients()
  const used = createRotation(1, 'used')
  await toClients([used, createRotation(1, 'unused')])
  for (let agent = 0; agent < 10_000; agent += 500)
    await toClients([
      used,
      ...Array.from({ length: 500 }, (_, n) => createRotation(1, `${agent + n}`)),
    ])
  queries.length = 0
  await toClients([used])
  expect(queries).toEqual([])
  await toClients([createRotation(1, 'unused')])
  expect(queries).toEqual(['read 2026-11-01 web unused'])
}, 20_000)
