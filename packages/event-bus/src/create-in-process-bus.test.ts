import { noTracing, type AnyEvent, type Tracing } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import { createInProcessBus } from './create-in-process-bus.ts'

const events = ['1', '2', '3'].map((id): AnyEvent => ({
  id,
  type: 'login.failed.v1',
  source: 'test',
  time: '2026-11-23T12:00:00Z',
  subject: id,
  key: id,
  data: { username_hash: 'h', reason: 'invalid_credentials', network: 'n', agent: 'a' },
}))

test('every group gets every event of its topics in order, one by one or as a batch', async () => {
  const bus = createInProcessBus()
  const got = { single: [] as string[], batch: [] as string[][], elsewhere: 0 }
  await bus.subscribe({
    group: 'single',
    topics: ['t'],
    handle: async ({ id }) => void got.single.push(id),
  })
  await bus.subscribe({
    group: 'batch',
    topics: ['t', 'u'],
    handleBatch: async (batch) => void got.batch.push(batch.map(({ id }) => id)),
  })
  await bus.subscribe({
    group: 'elsewhere',
    topics: ['u'],
    handle: async () => void (got.elsewhere += 1),
  })
  await bus.publish('t', events)
  expect(got).toEqual({ single: ['1', '2', '3'], batch: [['1', '2', '3']], elsewhere: 0 })
})

test('a failing group rejects the publish after the other groups got their events', async () => {
  const bus = createInProcessBus()
  let handled = 0
  await bus.subscribe({
    group: 'failing',
    topics: ['t'],
    handle: () => Promise.reject(new Error('no database')),
  })
  await bus.subscribe({
    group: 'throwing',
    topics: ['t'],
    handleBatch: () => {
      throw new Error('a bug')
    },
  })
  await bus.subscribe({ group: 'fine', topics: ['t'], handle: async () => void (handled += 1) })
  await expect(bus.publish('t', events)).rejects.toThrow('2 of 3 consumer groups failed')
  expect(handled).toBe(3)
})

test('a closed group gets no more events, and its name is free again', async () => {
  const bus = createInProcessBus()
  const subscribe = () =>
    bus.subscribe({
      group: 'g',
      topics: ['t'],
      handle: () => Promise.reject(new Error('still there')),
    })
  const subscription = await subscribe()
  await expect(subscribe()).rejects.toThrow(TypeError)
  await subscription.close()
  await expect(bus.publish('t', events)).resolves.toBeUndefined()
})

test('each event is handled in its own trace', async () => {
  const spans: object[] = []
  const tracing: Tracing = {
    ...noTracing,
    spanForAll: async ({ name, kind, attributes }, traceparents, work) => {
      spans.push({
        name,
        kind,
        traceparents,
        group: attributes?.['messaging.consumer.group.name'],
        events: attributes?.['messaging.batch.message_count'],
      })
      return work([])
    },
  }
  const bus = createInProcessBus({ tracing })
  await bus.subscribe({ group: 'single', topics: ['t'], handle: async () => {} })
  await bus.subscribe({ group: 'batch', topics: ['t'], handleBatch: async () => {} })
  await bus.publish(
    't',
    events
      .slice(0, 2)
      .map((event) => (event.id === '1' ? event : { ...event, traceparent: 'of 2' })),
  )
  const span = { name: 'process t', kind: 'consumer', events: undefined }
  expect(spans).toHaveLength(3)
  expect(spans).toEqual(
    expect.arrayContaining([
      { ...span, group: 'single', traceparents: [undefined] },
      { ...span, group: 'single', traceparents: ['of 2'] },
      { ...span, group: 'batch', traceparents: [undefined, 'of 2'], events: 2 },
    ]),
  )
})
