import { randomUUID } from 'node:crypto'
import { noTracing, type AnyEvent } from '@auto-refresh/contracts'
import { expect, test, vi } from 'vitest'
import type { EachBatchPayload } from '../open-kafka.ts'
import { createRotated } from '../testing/session-events.ts'
import type { Handler } from '../to-process.ts'
import { createBatchConsumer } from './create-batch-consumer.ts'
import { encodeEvent } from './encode-event.ts'

const TOPIC = 'events'

/** A consumer whose `take` fetches one new event of each given partition. */
function createConsumer(
  handleBatch: (events: readonly AnyEvent[]) => Promise<void>,
  options: { fetchMs?: number } = {},
) {
  const handler: Handler = { handleBatch }
  const consumeBatch = createBatchConsumer({
    group: 'group',
    handler,
    sendDeadLetters: async () => {},
    onDeadLetter: () => {},
    onLag: () => {},
    retryMs: 1,
    log: { warn: () => {} },
    tracing: noTracing,
    ...options,
  })
  const commit = vi.fn<(offsets: unknown) => Promise<void>>(async () => {})
  const paused: number[] = []

  async function take(
    partition: number,
    { event = createRotated(randomUUID(), 1), unread = 0 } = {},
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
      heartbeat: async () => {},
      commitOffsetsIfNecessary: commit,
      isRunning: () => true,
      isStale: () => false,
    } as unknown as EachBatchPayload)
  }
  return { take, commit, paused }
}

test('the partitions of a fetch are handled in one call and committed in one request', async () => {
  const handleBatch = vi.fn<(events: readonly AnyEvent[]) => Promise<void>>(async () => {})
  const { take, commit } = createConsumer(handleBatch)
  const events = [1, 2, 3].map((seq) => createRotated(randomUUID(), seq))
  await Promise.all(events.map((event, partition) => take(partition, { event })))
  expect(handleBatch.mock.calls).toEqual([[events]])
  expect(commit.mock.calls).toEqual([
    [
      {
        topics: [
          {
            topic: TOPIC,
            partitions: [0, 1, 2].map((partition) => ({ partition, offset: '8' })),
          },
        ],
      },
    ],
  ])
})

test('a bad event stops only its own partition', async () => {
  const bad = createRotated(randomUUID(), 1)
  const handled: string[] = []
  const { take, commit, paused } = createConsumer(async (events) => {
    if (events.some(({ id }) => id === bad.id)) throw new Error('bad')
    handled.push(...events.map(({ id }) => id))
  })
  const [first, last] = [createRotated(randomUUID(), 1), createRotated(randomUUID(), 1)]
  await Promise.all([first, bad, last].map((event, partition) => take(partition, { event })))
  expect([handled, paused]).toEqual([[first.id, last.id], [1]])
  expect(JSON.stringify(commit.mock.calls)).not.toContain('"partition":1')
})

test('a failed commit fails every partition of the fetch', async () => {
  const { take, commit } = createConsumer(async () => {})
  commit.mockRejectedValue(new Error('rebalancing'))
  const outcomes = await Promise.allSettled([take(0), take(1)])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})

test('the next fetch waits for more events', async () => {
  const { take } = createConsumer(async () => {}, { fetchMs: 30 })
  const startedMs = performance.now()
  await take(0)
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(29)
})

test('the next fetch of a partition with unread events does not wait', async () => {
  const { take } = createConsumer(async () => {}, { fetchMs: 3_600_000 })
  await expect(take(0, { unread: 1 })).resolves.toBeUndefined()
})
