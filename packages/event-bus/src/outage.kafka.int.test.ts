import { randomUUID } from 'node:crypto'
import { startOwnKafka, type OwnKafka } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createKafkaPublisher } from './kafka/create-kafka-publisher.ts'
import { createKafkaSubscriber } from './kafka/create-kafka-subscriber.ts'
import type { KafkaSettings } from './kafka/settings.ts'
import { createRotated, createStory } from './testing/session-events.ts'
import { makeTopics } from './testing/make-topics.ts'
import { publishUntilTaken } from './testing/publish-until-taken.ts'
import { createRecord, toOrder } from './testing/record-handled.ts'

const within = { timeout: 100_000, interval: 20 }
vi.setConfig({ testTimeout: 240_000 })
const log = { warn: () => {} }

let kafka: OwnKafka
let settings: KafkaSettings
beforeAll(async () => {
  kafka = await startOwnKafka()
  settings = { brokers: kafka.brokers, clientId: 'outage' }
})
afterAll(() => kafka.stop())

function openBus() {
  const publisher = createKafkaPublisher({ settings, log })
  const subscriber = createKafkaSubscriber({
    settings,
    log,
    retryMs: 100,
    onDead: ({ error }) => expect.unreachable(String(error)),
  })
  return {
    publisher,
    subscriber,
    close: () => Promise.all([publisher.close(), subscriber.close()]),
  }
}
const makeTopic = (topic: string) => makeTopics(settings, [topic])

test('a process starts and stops without Kafka and topics; when they exist all events are delivered', async () => {
  await kafka.stopServer()
  const [topic, record, story] = [
    randomUUID(),
    createRecord(),
    createStory({ sessions: 3, count: 5 }),
  ]
  const { publisher, subscriber, close } = openBus()
  await subscriber.subscribe({ group: randomUUID(), topics: [topic], handle: record.handle })
  await expect(publisher.publish(topic, story)).rejects.toThrow('ECONNREFUSED')
  const other = openBus()
  const unneeded = await other.subscriber.subscribe({
    group: randomUUID(),
    topics: [topic],
    handle: record.handle,
  })
  await unneeded.close()
  await other.close()
  await kafka.startServer()
  await expect
    .poll(() => publisher.publish(topic, story).then(() => 'taken', String), within)
    .toContain('does not host this topic')
  await makeTopic(topic)
  await publishUntilTaken(publisher, topic, story)
  await expect.poll(() => record.ids().size, within).toBe(story.length)
  expect(record.firstOccurrences()).toEqual(toOrder(story))
  await close()
})

test.each(['stopServer', 'killServer'] as const)(
  'after %s and a restart during publishing no event is lost or out of order',
  async (end) => {
    const [topic, record, story] = [
      randomUUID(),
      createRecord(),
      createStory({ sessions: 10, count: 40 }),
    ]
    await makeTopic(topic)
    const { publisher, subscriber, close } = openBus()
    await subscriber.subscribe({ group: randomUUID(), topics: [topic], handle: record.handle })
    await publishUntilTaken(publisher, topic, story.slice(0, 100))
    await expect.poll(() => record.ids().size, within).toBeGreaterThan(50)
    await kafka[end]()
    const published = (async () => {
      for (let at = 100; at < story.length; at += 50)
        await publishUntilTaken(publisher, topic, story.slice(at, at + 50))
    })()
    await kafka.startServer()
    const back = performance.now()
    await published
    await expect.poll(() => record.ids().size, within).toBe(story.length)
    expect(performance.now() - back).toBeLessThan(50_000)
    expect(record.firstOccurrences()).toEqual(toOrder(story))
    await close()
  },
)

test('a publish to a hanging broker rejects; when the broker continues, events are delivered', async () => {
  const [topic, record, story] = [
    randomUUID(),
    createRecord(),
    createStory({ sessions: 5, count: 10 }),
  ]
  await makeTopic(topic)
  const { publisher, subscriber, close } = openBus()
  await subscriber.subscribe({ group: randomUUID(), topics: [topic], handle: record.handle })
  await publishUntilTaken(publisher, topic, story.slice(0, 25))
  await expect.poll(() => record.ids().size, within).toBe(25)
  kafka.freezeServer()
  const hanging = publishUntilTaken(publisher, topic, story.slice(25))
  const isTaken = () =>
    publisher.publish(topic, [createRotated(randomUUID(), 1)]).then(
      () => true,
      () => false,
    )
  await expect.poll(isTaken, within).toBe(false)
  kafka.thawServer()
  await hanging
  await expect.poll(() => story.every(({ id }) => record.ids().has(id)), within).toBe(true)
  await close()
})

test('a consumer whose Kafka is unavailable stops within the stop timeout of containers', async () => {
  const [topic, record, story] = [
    randomUUID(),
    createRecord(),
    createStory({ sessions: 2, count: 3 }),
  ]
  await makeTopic(topic)
  const { publisher, subscriber, close } = openBus()
  await subscriber.subscribe({ group: randomUUID(), topics: [topic], handle: record.handle })
  await publishUntilTaken(publisher, topic, story)
  await expect.poll(() => record.ids().size, within).toBe(story.length)
  await kafka.killServer()
  const from = performance.now()
  await close()
  expect(performance.now() - from).toBeLessThan(15_000)
})
