import type { AnyEvent } from '@auto-refresh/contracts'
import { expect, test, vi } from 'vitest'
import type { Outbox, OutboxRow } from '../ports.ts'
import { createOutboxRelay } from './outbox-relay.ts'

const row = (id: number): OutboxRow => ({ lane: 0, id, event: { id: `event ${id}` } as AnyEvent })
const metrics = { published: () => {}, relayFailed: () => {}, lanesOwned: () => {} }

function setUp(
  options: {
    afterRead?: () => void
    publish?: (ids: string[]) => Promise<void>
    failedRemovals?: number
    lanes?: () => number[]
  } = {},
) {
  let now = 0
  const waiting = [row(1), row(2)]
  const sent: string[] = []
  let leases = 0
  let failures = options.failedRemovals ?? 0
  const outbox: Outbox = {
    async lease() {
      leases += 1
      return options.lanes?.() ?? [0]
    },
    async release() {},
    async readNext({ published }) {
      if (published.length > 0 && failures-- > 0) throw new Error('unavailable')
      await outbox.remove(published)
      options.afterRead?.()
      return [...waiting]
    },
    async remove(rows) {
      for (const done of rows)
        waiting.splice(
          waiting.findIndex((left) => left.id === done.id),
          1,
        )
    },
    async measure() {
      return { events: waiting.length, oldestSeconds: 0, sessions: 0 }
    },
  }
  const relay = createOutboxRelay({
    outbox,
    publisher: {
      async publish(_topic, events) {
        const ids = events.map((event) => event.id)
        await options.publish?.(ids)
        sent.push(...ids)
      },
    },
    owner: 'me',
    metrics,
    nowMs: () => now,
  })
  return {
    relay,
    waiting,
    sent,
    leases: () => leases,
    advance: (ms: number) => {
      now += ms
    },
  }
}
const until = (condition: () => boolean) =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 20_000, interval: 2 })

test('acknowledged events are removed, others are published again in the same order', async () => {
  let failures = 2
  const attempts: string[][] = []
  const t = setUp({
    async publish(ids) {
      attempts.push(ids)
      if (failures-- > 0) throw new Error('unavailable')
    },
  })
  t.relay.start()
  await until(() => t.waiting.length === 0)
  await t.relay.stop()
  expect(attempts).toEqual([1, 2, 3].map(() => ['event 1', 'event 2']))
  expect(t.sent).toEqual(['event 1', 'event 2'])
})

test('a relay that was paused between reading and publishing does not publish, as another may own its lanes', async () => {
  let reads = 0
  let sentWhilePaused: string[] = ['nothing was read again']
  const t = setUp({
    afterRead() {
      reads += 1
      if (reads === 1) t.advance(6_000)
      if (reads === 2) sentWhilePaused = [...t.sent]
    },
  })
  t.relay.start()
  await until(() => reads === 2)
  expect(sentWhilePaused).toEqual([])
  await until(() => t.waiting.length === 0)
  expect(t.leases()).toBeGreaterThan(1)
  await t.relay.stop()
})

test('a relay that stops deletes what it has published', async () => {
  const t = setUp()
  t.relay.start()
  await until(() => t.sent.length === 2)
  await t.relay.stop()
  expect([t.waiting, t.sent]).toEqual([[], ['event 1', 'event 2']])
})

test('a relay that has lost its lanes deletes what it has published', async () => {
  const t = setUp({ lanes: () => (t.sent.length > 0 ? [] : [0]) })
  t.relay.start()
  await until(() => t.sent.length === 2)
  t.advance(3_000)
  await until(() => t.waiting.length === 0)
  await t.relay.stop()
})

test('events whose deletion failed are not published again by the same relay', async () => {
  const t = setUp({ failedRemovals: 2 })
  t.relay.start()
  await until(() => t.waiting.length === 0)
  await t.relay.stop()
  expect(t.sent).toEqual(['event 1', 'event 2'])
})
