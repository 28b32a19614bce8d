import { randomUUID } from 'node:crypto'
import { startKafka } from '@auto-refresh/test-engines'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createInProcessBus } from './create-in-process-bus.ts'
import { createKafkaPublisher } from './kafka/create-kafka-publisher.ts'
import { createKafkaSubscriber } from './kafka/create-kafka-subscriber.ts'
import type { EventPublisher, EventSubscriber, Subscription } from './ports.ts'
import { createRotated, createStory } from './testing/session-events.ts'
import { makeTopics } from './testing/make-topics.ts'
import { publishUntilTaken } from './testing/publish-until-taken.ts'
import { createRecord, toOrder } from './testing/record-handled.ts'

const within = { timeout: 30_000, interval: 10 }
const log = { warn: () => {} }

type Bus = {
  publisher: EventPublisher
  subscriber: EventSubscriber
  makeTopic: () => Promise<string>
  close: () => Promise<void>
}

async function openInProcess(): Promise<Bus> {
  const bus = createInProcessBus()
  return {
    publisher: bus,
    subscriber: bus,
    makeTopic: async () => randomUUID(),
    close: async () => {},
  }
}

async function openKafkaBus(): Promise<Bus> {
  const kafka = await startKafka()
  const settings = { brokers: kafka.brokers, clientId: 'contract' }
  const publisher = createKafkaPublisher({ settings, log })
  const subscriber = createKafkaSubscriber({
    settings,
    log,
    retryMs: 20,
    onDead: ({ error }) => expect.unreachable(String(error)),
  })
  return {
    publisher,
    subscriber,
    async makeTopic() {
      const topic = randomUUID()
      await makeTopics(settings, [topic])
      return topic
    },
    async close() {
      await subscriber.close()
      await publisher.close()
      await kafka.stop()
    },
  }
}

describe.each([
  ['in-process', openInProcess],
  ['Kafka', openKafkaBus],
] as const)('%s', (_name, open) => {
  let bus: Bus
  let topic: string
  let group: string
  const subscriptions: Subscription[] = []

  beforeAll(async () => {
    bus = await open()
  })
  afterAll(() => bus.close())
  afterEach(async () => {
    await Promise.all(subscriptions.splice(0).map((subscription) => subscription.close()))
  })

  async function setUp(): Promise<void> {
    topic = await bus.makeTopic()
    group = randomUUID()
  }
  async function subscribe(
    options: Parameters<EventSubscriber['subscribe']>[0],
  ): Promise<Subscription> {
    const subscription = await bus.subscriber.subscribe(options)
    subscriptions.push(subscription)
    return subscription
  }

  test.each(['handle', 'handleBatch'] as const)(
    'the events of a session are handled in the order of publication (%s)',
    async (kind) => {
      await setUp()
      const record = createRecord()
      await subscribe({
        group,
        topics: [topic],
        ...(kind === 'handle' ? { handle: record.handle } : { handleBatch: record.handleBatch }),
      })
      const story = createStory({ sessions: 10, count: 100 })
      for (let at = 0; at < story.length; at += 70)
        await publishUntilTaken(bus.publisher, topic, story.slice(at, at + 70))
      await expect.poll(() => record.ids().size, within).toBe(story.length)
      expect(toOrder(record.handled)).toEqual(toOrder(story))
      expect(record.handled.find(({ id }) => id === story[0]?.id)).toEqual(story[0])
    },
  )

  test.each(['handle', 'handleBatch'] as const)(
    'a failing handler gets the same event again before later ones (%s)',
    async (kind) => {
      await setUp()
      const record = createRecord()
      const story = createStory({ sessions: 3, count: 10 })
      const stumblingBlock = story[12]?.id
      let failures = 0
      const stumble = (ids: readonly string[]) => {
        if (!ids.includes(String(stumblingBlock)) || failures >= 3) return
        failures += 1
        throw new Error('the database of the handler is unavailable')
      }
      await subscribe({
        group,
        topics: [topic],
        ...(kind === 'handle'
          ? {
              handle: async (event) => {
                stumble([event.id])
                await record.handle(event)
              },
            }
          : {
              handleBatch: async (events) => {
                stumble(events.map(({ id }) => id))
                await record.handleBatch(events)
              },
            }),
      })
      await publishUntilTaken(bus.publisher, topic, story)
      await expect.poll(() => record.ids().size, within).toBe(story.length)
      expect(failures).toBe(3)
      expect(record.firstOccurrences()).toEqual(toOrder(story))
    },
  )

  test('every group gets every event, also while another group fails', async () => {
    await setUp()
    const [first, second] = [createRecord(), createRecord()]
    let isAway = true
    await subscribe({ group: `${group}-1`, topics: [topic], handle: first.handle })
    await subscribe({
      group: `${group}-2`,
      topics: [topic],
      async handleBatch(events) {
        if (isAway) throw new Error('unavailable')
        await second.handleBatch(events)
      },
    })
    const story = createStory({ sessions: 5, count: 20 })
    const published = publishUntilTaken(bus.publisher, topic, story)
    await expect.poll(() => first.ids().size, within).toBe(story.length)
    expect(second.handled).toEqual([])
    isAway = false
    await published
    await expect.poll(() => second.ids().size, within).toBe(story.length)
    expect([first.firstOccurrences(), second.firstOccurrences()]).toEqual([
      toOrder(story),
      toOrder(story),
    ])
  })

  test('a group gets only its own topics', async () => {
    await setUp()
    const [wanted, other] = [topic, await bus.makeTopic()]
    const record = createRecord()
    await subscribe({ group, topics: [wanted], handle: record.handle })
    const [unasked, asked] = [createRotated(randomUUID(), 1), createRotated(randomUUID(), 1)]
    await publishUntilTaken(bus.publisher, other, [unasked])
    await publishUntilTaken(bus.publisher, wanted, [asked])
    await expect.poll(() => record.handled.length, within).toBeGreaterThan(0)
    expect(record.handled).toEqual([asked])
  })

  test('a closing member finishes its current events, and a later member continues after them', async () => {
    await setUp()
    const record = createRecord()
    const [inHand, letGo] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const first = await subscribe({
      group,
      topics: [topic],
      async handle(event) {
        inHand.resolve()
        await letGo.promise
        await record.handle(event)
      },
    })
    const [before, after] = [createRotated(randomUUID(), 1), createRotated(randomUUID(), 1)]
    const published = publishUntilTaken(bus.publisher, topic, [before])
    await inHand.promise
    const closed = first.close()
    letGo.resolve()
    await Promise.all([closed, published])
    await expect.poll(() => record.handled, within).toEqual([before])
    await subscribe({ group, topics: [topic], handle: record.handle })
    await publishUntilTaken(bus.publisher, topic, [after])
    await expect.poll(() => record.handled, within).toEqual([before, after])
  })
})
