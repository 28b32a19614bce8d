import { randomUUID } from 'node:crypto'
import { noTracing, type AnyEvent } from '@auto-refresh/contracts'
import { expect, test, vi } from 'vitest'
import type { EachBatchPayload } from '../open-kafka.ts'
import { createRotated } from '../testing/session-events.ts'
import type { Handler } from '../to-process.ts'
import { createBatchConsumer } from './create-batch-consumer.ts'
import type { Commits } from './create-commits.ts'
import { encodeEvent } from './encode-event.ts'

const TOPIC = 'events'

/** A consumer whose `take` fetches one new event of each given partition. */
function createConsumer(
  handleBatch: (events: readonly AnyEvent[]) => Promise<void>,
  options: { fetchMs?: number } = {},
) {
  const handler: Handler = { handleBatch }
  const add = vi.fn<Commits['add']>(async () => {})
  const consumeBatch = createBatchConsumer({
    group: 'group',
    handler,
    commits: { add },
    sendDeadLetters: async () => {},
    onDeadLetter: () => {},
    onLag: () => {},
    retryMs: 1,
    log: { warn: () => {} },
    tracing: noTracing,
    ...options,
  })
  const paused: number[] = []

  async function take(
    partition: number,
    {
      event = createRotated(randomUUID(), 1),
      unread = 0,
      heartbeat = async () => {},
    }: { event?: AnyEvent; unread?: number; heartbeat?: () => Promise<void> } = {},
  ): Promise<void> {
    const { key, value, headers } = encodeEvent(event)
    const received = Object.entries(headers ?? {}).map(([name, text]) => [
      name,
      Buffer.from(String(text)),
    ])
    await consumeBatch({
      batch: {
        topic: TOPIC,
        partition,
        highWatermark: String(8 + unread),
        messages: [
          { key: Buffer.from(key), value, headers: Object.fromEntries(received), offset: '7' },
        ],
      },
      pause() {
        paused.push(partition)
        return () => {}
      },
      resolveOffset: () => {},
      heartbeat,
      commitOffsetsIfNecessary: async () => {},
      isRunning: () => true,
      isStale: () => false,
    } as unknown as EachBatchPayload)
  }
  return { take, add, paused }
}

test('the partitions of a fetch are handled in one call', async () => {
  const handleBatch = vi.fn<(events: readonly AnyEvent[]) => Promise<void>>(async () => {})
  const { take, add } = createConsumer(handleBatch)
  const events = [1, 2, 3].map((seq) => createRotated(randomUUID(), seq))
  await Promise.all(events.map((event, partition) => take(partition, { event })))
  expect(handleBatch.mock.calls).toEqual([[events]])
  expect(add.mock.calls.map(([{ partition, offset }]) => [partition, offset])).toEqual([
    [0, '8'],
    [1, '8'],
    [2, '8'],
  ])
})

test('a bad event stops only its own partition', async () => {
  const bad = createRotated(randomUUID(), 1)
  const handled: string[] = []
  const { take, add, paused } = createConsumer(async (events) => {
    if (events.some(({ id }) => id === bad.id)) throw new Error('bad')
    handled.push(...events.map(({ id }) => id))
  })
  const [first, last] = [createRotated(randomUUID(), 1), createRotated(randomUUID(), 1)]
  await Promise.all([first, bad, last].map((event, partition) => take(partition, { event })))
  expect([handled, paused]).toEqual([[first.id, last.id], [1]])
  expect(add.mock.calls.map(([{ partition }]) => partition)).toEqual([0, 2])
})

test('the member sends a heartbeat before each call for one partition', async () => {
  const calls: string[] = []
  const { take, paused } = createConsumer(async (events) => {
    calls.push(`handle ${events.length}`)
    throw new Error('unavailable')
  })
  const heartbeat = async () => {
    calls.push('heartbeat')
    throw new Error('rebalancing')
  }
  await Promise.all([0, 1, 2].map((partition) => take(partition, { heartbeat })))
  const alone = ['heartbeat', 'handle 1']
  expect(calls).toEqual(['handle 3', ...alone, ...alone, ...alone])
  expect(paused).toEqual([0, 1, 2])
})

test('the next fetch waits for more events', async () => {
  const { take } = createConsumer(async () => {}, { fetchMs: 100 })
  const startedMs = performance.now()
  await take(0)
  // Timers of Node can fire some milliseconds early.
  expect(performance.now() - startedMs).toBeGreaterThan(50)
})

test('the next fetch of a partition with unread events does not wait', async () => {
  const { take } = createConsumer(async () => {}, { fetchMs: 3_600_000 })
  await expect(take(0, { unread: 1 })).resolves.toBeUndefined()
})
