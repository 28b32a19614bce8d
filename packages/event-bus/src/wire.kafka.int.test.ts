import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { SESSION_EVENTS_TOPIC } from '@auto-refresh/contracts'
import { startKafka, type StartedKafka } from '@auto-refresh/test-engines'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createKafkaPublisher } from './kafka/create-kafka-publisher.ts'
import { createKafkaSubscriber, type KafkaSubscriberDeps } from './kafka/create-kafka-subscriber.ts'
import { createLazyProducer } from './kafka/create-lazy-producer.ts'
import { createTopics } from './kafka/create-topics.ts'
import type { KafkaSettings } from './kafka/settings.ts'
import type { EventPublisher } from './ports.ts'
import { readTopic, toTexts } from './testing/read-topic.ts'
import { createRotated, createStory } from './testing/session-events.ts'
import { makeTopics } from './testing/make-topics.ts'
import { publishUntilTaken } from './testing/publish-until-taken.ts'
import { createRecord, toOrder } from './testing/record-handled.ts'

const within = { timeout: 30_000, interval: 10 }
const log = { warn: () => {} }

let kafka: StartedKafka
let settings: KafkaSettings
let publisher: EventPublisher & { close(): Promise<void> }
let topic: string
let group: string
const closers: (() => Promise<void>)[] = []

beforeAll(async () => {
  kafka = await startKafka()
  settings = { brokers: kafka.brokers, clientId: 'test' }
  publisher = createKafkaPublisher({ settings, log })
})
afterAll(async () => {
  await publisher.close()
  await kafka.stop()
})
beforeEach(async () => {
  topic = randomUUID()
  group = randomUUID()
  await makeTopics(settings, [topic], { partitions: 6 })
})
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

const publish = (events: Parameters<EventPublisher['publish']>[1]) =>
  publishUntilTaken(publisher, topic, events)

function createMember(options: Partial<KafkaSubscriberDeps> = {}) {
  const member = createKafkaSubscriber({
    settings,
    log,
    retryMs: 20,
    onDead: ({ error }) => expect.unreachable(String(error)),
    ...options,
  })
  closers.push(member.close)
  return member
}

/** Publishes events of interleaved sessions until `stop`. */
function keepPublishing({ sessions }: { sessions: number }) {
  const keys = Array.from({ length: sessions }, () => randomUUID())
  const story: ReturnType<typeof createRotated>[] = []
  const stopping = new AbortController()
  const published = (async () => {
    for (let seq = 1; !stopping.signal.aborted; seq += 1) {
      const round = keys.map((key) => createRotated(key, seq))
      story.push(...round)
      await publish(round)
      await delay(30)
    }
  })()
  return {
    story,
    stop() {
      stopping.abort()
      return published
    },
  }
}

test('an event is sent as a CloudEvent in binary mode', async () => {
  const event = createRotated(randomUUID(), 1)
  await publish([event])
  const { messages, close } = await readTopic(settings, topic)
  closers.push(close)
  await expect.poll(() => messages.length, within).toBe(1)
  const [message] = messages
  expect(message && toTexts(message)).toEqual({
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_type: 'session.rotated.v1',
    ce_source: 'token-store',
    ce_time: event.time,
    ce_subject: event.subject,
    ce_traceparent: event.traceparent,
    traceparent: event.traceparent,
  })
  expect([message?.key?.toString(), JSON.parse(String(message?.value))]).toEqual([
    event.key,
    event.data,
  ])
})

test('an undecodable message goes to the dead-letter topic with its reason, is counted, and blocks nothing', async () => {
  const raw = createLazyProducer(settings, log)
  closers.push(raw.close)
  const [before, after] = [createRotated(randomUUID(), 1), createRotated(randomUUID(), 1)]
  await publish([before])
  await raw.send(topic, [
    { key: 'k', value: 'poison', headers: { ce_type: 'session.rotated.v1', own: 'header' } },
  ])
  await publish([after])
  const record = createRecord()
  const counted: string[] = []
  await createMember({ onDeadLetter: (name) => counted.push(name) }).subscribe({
    group,
    topics: [topic],
    handleBatch: record.handleBatch,
  })
  const letters = await readTopic(settings, `${topic}.dlq`)
  closers.push(letters.close)
  await expect
    .poll(() => [record.ids().size, letters.messages.length, counted], within)
    .toEqual([2, 1, [topic]])
  const [letter] = letters.messages
  expect([letter?.key?.toString(), letter?.value?.toString()]).toEqual(['k', 'poison'])
  expect(letter && toTexts(letter)).toMatchObject({
    ce_type: 'session.rotated.v1',
    own: 'header',
    dlq_reason: expect.stringMatching(/^the headers do not fit the schema/),
    dlq_topic: topic,
    dlq_group: group,
    dlq_offset: expect.stringMatching(/^\d+$/),
    dlq_partition: expect.stringMatching(/^\d$/),
  })
})

test('a session whose handler fails does not block other partitions', async () => {
  const record = createRecord()
  const story = createStory({ sessions: 12, count: 3 })
  const stuck = story[0]?.key
  let isAway = true
  await createMember().subscribe({
    group,
    topics: [topic],
    async handle(event) {
      if (isAway && event.key === stuck) throw new Error('unavailable')
      await record.handle(event)
    },
  })
  await publish(story)
  // Of 12 sessions on 6 partitions, some are not on the stuck partition.
  await expect.poll(() => record.ids().size, within).toBeGreaterThan(6)
  expect(record.handled.some(({ key }) => key === stuck)).toBe(false)
  isAway = false
  await expect.poll(() => record.ids().size, within).toBe(story.length)
  expect(record.firstOccurrences()).toEqual(toOrder(story))
})

test('when members join and leave a group under load, no event is lost and every session stays in order', async () => {
  const record = createRecord()
  const by = { first: 0, second: 0 }
  const handleAs = (who: keyof typeof by) => ({
    group,
    topics: [topic],
    async handle(event: Parameters<typeof record.handle>[0]) {
      by[who] += 1
      await record.handle(event)
    },
  })
  const { story, stop } = keepPublishing({ sessions: 30 })
  const first = await createMember().subscribe(handleAs('first'))
  await expect.poll(() => by.first, within).toBeGreaterThan(0)
  await createMember().subscribe(handleAs('second'))
  await expect.poll(() => by.second, within).toBeGreaterThan(0)
  await first.close()
  await stop()
  await expect.poll(() => record.ids().size, within).toBe(story.length)
  expect(record.firstOccurrences()).toEqual(toOrder(story))
})

test('a member that restarts repeatedly under load loses and repeats no event', async () => {
  const record = createRecord()
  const { story, stop } = keepPublishing({ sessions: 20 })
  for (let round = 1; round <= 4; round += 1) {
    const { close } = await createMember().subscribe({
      group,
      topics: [topic],
      handleBatch: record.handleBatch,
    })
    const seen = record.handled.length
    await expect.poll(() => record.handled.length, within).toBeGreaterThan(seen)
    await close()
  }
  await createMember().subscribe({ group, topics: [topic], handleBatch: record.handleBatch })
  await stop()
  await expect.poll(() => record.ids().size, within).toBe(story.length)
  expect(toOrder(record.handled)).toEqual(toOrder(story))
})

test('a consumer that cannot start calls onDead once', async () => {
  const dead: unknown[] = []
  const refused = {
    ...settings,
    sasl: { mechanism: 'plain', username: 'nobody', password: 'wrong' },
  } as const
  await createMember({ settings: refused, onDead: ({ group: name }) => dead.push(name) }).subscribe(
    { group, topics: [topic], handle: async () => {} },
  )
  await expect.poll(() => dead, within).toEqual([group])
})

test('a consumer that fails permanently calls onDead, and other members get its events', async () => {
  const event = createRotated(randomUUID(), 1)
  await publish([event])
  const dead: unknown[] = []
  const warn = (_: object, message: string) => {
    if (message.startsWith('Event handling failed')) throw new TypeError('a defect')
  }
  const member = createMember({ log: { warn }, onDead: ({ error }) => dead.push(error) })
  await member.subscribe({
    group,
    topics: [topic],
    handle: () => Promise.reject(new Error('unavailable')),
  })
  await expect.poll(() => dead.map(String), within).toEqual([expect.stringContaining('a defect')])
  const record = createRecord()
  await createMember().subscribe({ group, topics: [topic], handle: record.handle })
  await expect.poll(() => record.handled, within).toEqual([event])
})

test('an idle connection arms only the timer for request timeouts', async () => {
  const idle = createKafkaPublisher({ settings, log })
  closers.push(idle.close)
  await publishUntilTaken(idle, topic, [createRotated(randomUUID(), 1)])
  const armed = vi.spyOn(globalThis, 'setTimeout')
  await new Promise((resolve) => setImmediate(resolve))
  armed.mockClear()
  const started = performance.now()
  await expect.poll(() => performance.now() - started, { interval: 100 }).toBeGreaterThan(500)
  // Without the patch there are hundreds; polling needs a few.
  expect(armed.mock.calls.length).toBeLessThan(30)
  armed.mockRestore()
})

test('topics are created once, with a dead-letter topic each, and not changed by a second call', async () => {
  const name = `${SESSION_EVENTS_TOPIC}-${randomUUID()}`
  const make = (options: { partitions: number; retentionMs: number }) =>
    createTopics({ settings, log, topics: [name], replication: 1, ...options })
  const both = await Promise.all([1, 2].map(() => make({ partitions: 6, retentionMs: 3_600_000 })))
  expect(both[0]?.map(({ topic: made, partitions }) => [made, partitions])).toEqual([
    [name, 6],
    [`${name}.dlq`, 1],
  ])
  const again = await make({ partitions: 9, retentionMs: 1000 })
  expect(again).toEqual([
    { topic: name, partitions: 6, created: false },
    { topic: `${name}.dlq`, partitions: 1, created: false },
  ])
})

test('the lag grows while a handler fails, and is 0 when all events are handled', async () => {
  let lag = -1
  let isFailing = true
  const member = createMember({ onLag: (of, events) => of.topic === topic && (lag = events) })
  await publish(createStory({ sessions: 1, count: 5 }))
  await member.subscribe({
    group,
    topics: [topic],
    async handle() {
      if (isFailing) throw new Error('the database is unavailable')
    },
  })
  await expect.poll(() => lag, within).toBe(5)
  isFailing = false
  await expect.poll(() => lag, within).toBe(0)
})

test('more replicas than brokers are rejected with the setting to change', async () => {
  const make = createTopics({
    settings,
    log,
    topics: [randomUUID()],
    partitions: 1,
    replication: 3,
    retentionMs: 60_000,
  })
  await expect(make).rejects.toThrow(
    '3 replicas requested, 1 broker found: set KAFKA_REPLICATION=1',
  )
})
