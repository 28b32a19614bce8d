import {
  SECURITY_EVENTS_TOPIC,
  SESSION_EVENTS_TOPIC,
  toTopic,
  type AnyEvent,
} from '@auto-refresh/contracts'
import { createInProcessBus, type EventPublisher } from '@auto-refresh/event-bus'
import { startOwnRedis, type OwnRedis } from '@auto-refresh/test-engines'
import { createMetrics, createSilentLogger } from '@auto-refresh/service-kit/telemetry'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { buildThreatMonitor } from './build-threat-monitor.ts'
import { parseThreatMonitorConfig } from './config.ts'
import { failed, refused, reused, rotated, signedIn } from './testing/events.ts'

/**
 * In production Redis is unavailable after 50 ms; tests wait longer, because the machine
 * may pause.
 */
const LONG_ANSWER_MS = 20_000
/** For tests in which Redis is unavailable. */
const ANSWER_MS = 2000
let redis: OwnRedis
let admin: Redis
const stops: (() => Promise<void>)[] = []

beforeAll(async () => {
  redis = await startOwnRedis()
})
afterAll(() => redis.stop())
beforeEach(async () => {
  await redis.startServer()
  admin = new Redis(redis.url).on('error', () => {})
  await admin.flushall()
})
afterEach(async () => {
  redis.thawServer()
  for (const stop of stops.splice(0)) await stop()
  admin.disconnect()
})

async function startReplica(
  environment: Record<string, string> = {},
  redisAnswerMs = LONG_ANSWER_MS,
) {
  const bus = createInProcessBus()
  const published: AnyEvent[] = []
  await bus.subscribe({
    group: 'test',
    topics: [SECURITY_EVENTS_TOPIC],
    handle: async (event) => void published.push(event),
  })
  const metrics = createMetrics({ service: 'test', version: '0' })
  const config = parseThreatMonitorConfig({
    REDIS_URL: redis.url,
    THREAT_REFRESH_VELOCITY: '6/3600',
    THREAT_SPRAYING: '6/3600',
    ...environment,
  })
  let isRefusing = false
  let laterMs = 0
  const publisher: Pick<EventPublisher, 'publish'> = {
    async publish(topic, events) {
      if (isRefusing) throw new Error('the bus takes nothing')
      await bus.publish(topic, events)
    },
  }
  const monitor = buildThreatMonitor({
    config,
    publisher,
    subscriber: bus,
    logger: createSilentLogger(),
    metrics,
    clock: { nowMs: () => Date.now() + laterMs },
    redisAnswerMs,
  })
  stops.push(() => monitor.stop())
  await monitor.start()
  return {
    published,
    isShared: monitor.isShared,
    refuse: (is: boolean) => void (isRefusing = is),
    letPass: (ms: number) => void (laterMs += ms),
    sharing: () =>
      vi.waitFor(() => expect(monitor.isShared()).toBe(true), { timeout: 20_000, interval: 10 }),
    async take(...events: AnyEvent[]) {
      for (const event of events) await bus.publish(toTopic(event.type), [event])
    },
    takeAtOnce: (events: AnyEvent[]) => bus.publish(SESSION_EVENTS_TOPIC, events),
    patterns: () =>
      published.map((event) =>
        event.type === 'security.pattern-detected.v1' ? event.data.pattern : undefined,
      ),
    async value(name: string) {
      return Number((await metrics.scrape()).text.match(new RegExp(`^${name} (.*)$`, 'm'))?.[1])
    },
  }
}
const startTwo = async (redisAnswerMs = LONG_ANSWER_MS) => {
  const both = [
    await startReplica({}, redisAnswerMs),
    await startReplica({}, redisAnswerMs),
  ] as const
  for (const replica of both) await replica.sharing()
  return both
}
const now = () => ({ atMs: Date.now() })

test('a pattern spread over two replicas is detected and published once', async () => {
  const [a, b] = await startTwo()
  for (let i = 0; i < 5; i += 1) await (i % 2 === 0 ? a : b).take(rotated(i, now()))
  expect([...a.patterns(), ...b.patterns()]).toEqual([])
  await Promise.all([
    a.takeAtOnce([5, 7, 9].map((i) => rotated(i, now()))),
    b.takeAtOnce([6, 8, 10].map((i) => rotated(i, now()))),
  ])
  expect([...a.patterns(), ...b.patterns()]).toEqual(['refresh_velocity'])
  const values = await Promise.all(
    [a, b].map(({ value }) =>
      value('auth_suspicious_patterns_total\\{pattern="refresh_velocity"\\}'),
    ),
  )
  expect((values[0] ?? 0) + (values[1] ?? 0)).toBe(1)
})

test('an event that two replicas handle counts once', async () => {
  const [a, b] = await startTwo()
  const events = [0, 1, 2, 3, 4].map((i) => failed(`name ${i}`, '198.51.100.0/24', now()))
  for (const replica of [a, b, a]) await replica.take(...events)
  const reuse = reused(now())
  for (const replica of [a, b, a]) await replica.take(reuse)
  expect([...a.patterns(), ...b.patterns()]).toEqual(['reuse'])
  expect(
    await b.value(
      'auth_events_processed_total\\{consumer="threat-monitor",type="login.failed.v1",result="duplicate"\\}',
    ),
  ).toBe(5)
})

test('a reuse and a sign-in of two topics are combined, whichever replica handles them', async () => {
  const [a, b] = await startTwo()
  await a.take(reused({ atMs: Date.now() - 1000 }))
  await b.take(signedIn('0199e000-0000-7000-8000-000000000001', now()))
  expect([a.patterns(), b.patterns()]).toEqual([['reuse'], ['sign_in_after_reuse']])
})

test('a sign-in handled before the earlier reuse of another replica is published with its evidence', async () => {
  const [a, b] = await startTwo()
  const signIn = signedIn('0199e000-0000-7000-8000-000000000001', now())
  await a.take(signIn)
  await b.take(reused({ atMs: Date.now() - 1000 }))
  expect(b.published.map(({ data }) => data)).toMatchObject([
    { pattern: 'reuse' },
    {
      pattern: 'sign_in_after_reuse',
      username_hash: 'ayu',
      session_id: '0199e000-0000-7000-8000-000000000001',
      last_event_id: signIn.id,
    },
  ])
})

/** Simulates `seconds` in which the bus rejects the same events repeatedly. */
async function letRefuse(
  replica: Awaited<ReturnType<typeof startReplica>>,
  events: AnyEvent[],
  { seconds, withRedis = true }: { seconds: number; withRedis?: boolean },
) {
  const STEP_MS = 10_000
  for (let passed = 0; passed < seconds * 1000; passed += STEP_MS) {
    for (const key of withRedis ? await admin.keys('*') : [])
      await admin.pexpire(key, (await admin.pttl(key)) - STEP_MS)
    replica.letPass(STEP_MS)
    await expect(replica.takeAtOnce(events)).rejects.toThrow('failed')
  }
}

const RUNNING = { before: async () => {}, later: async () => {}, withRedis: true }
test.each([
  { ...RUNNING, how: 'available' },
  {
    ...RUNNING,
    how: 'unavailable at first',
    before: async () => redis.stopServer(),
    later: async () => redis.startServer(),
  },
  {
    ...RUNNING,
    how: 'unavailable later',
    later: async () => redis.stopServer(),
    withRedis: false,
  },
  {
    ...RUNNING,
    how: 'emptied later',
    later: async () => void (await admin.flushall()),
  },
])(
  'a detection that the bus rejected for longer than its window is published once on redelivery, with Redis $how',
  async ({ before, later, withRedis }) => {
    const a = await startReplica()
    await a.sharing()
    a.refuse(true)
    await before()
    const reuse = reused(now())
    await expect(a.take(reuse)).rejects.toThrow('failed')
    await later()
    if (withRedis) await a.sharing()
    await letRefuse(a, [reuse], { seconds: 120, withRedis })
    a.refuse(false)
    await a.take(reuse)
    await a.take(reuse)
    expect(a.patterns()).toEqual(['reuse'])
  },
)

test('a detection that one replica could not publish is published with its evidence by another', async () => {
  const setting = { THREAT_REFRESH_VELOCITY: '3/60' }
  const [a, b] = [await startReplica(setting), await startReplica(setting)]
  await a.sharing()
  await b.sharing()
  a.refuse(true)
  const events = [0, 1, 2, 3].map((i) => rotated(i, now()))
  await expect(a.takeAtOnce(events)).rejects.toThrow('failed')
  await letRefuse(a, events, { seconds: 120 })
  for (let i = 0; i < 2; i += 1) await b.takeAtOnce(events)
  expect(b.published.map(({ data }) => data)).toMatchObject([
    { pattern: 'refresh_velocity', count: 3, last_event_id: events[2]?.id },
  ])
})

test('every key expires, and a window keeps only the entries it needs', async () => {
  const a = await startReplica()
  await a.sharing()
  await a.take(
    ...Array.from({ length: 200 }, (_, i) => failed(`name ${i}`, '198.51.100.0/24', now())),
    reused(now()),
  )
  const keys = await admin.keys('*')
  expect(keys.length).toBeGreaterThan(200)
  // -1: never expires; -2: has expired.
  expect(await Promise.all(keys.map((key) => admin.pttl(key)))).not.toContain(-1)
  expect(await admin.zcard('auth:threat:seen:spraying:198.51.100.0/24')).toBe(50)
})

test.each([
  ['stopped', async () => redis.stopServer(), async () => redis.startServer()],
  ['frozen', async () => redis.freezeServer(), async () => redis.thawServer()],
])(
  'Redis %s: the consumer continues in memory with its counts, publishes once, and shares again when Redis has recovered',
  async (_, takeAway, bringBack) => {
    const [a, b] = await startTwo(ANSWER_MS)
    await a.take(...[0, 1, 2].map((i) => rotated(i, now())))
    await takeAway()
    const before = performance.now()
    await a.take(...[3, 4].map((i) => rotated(i, now())))
    expect(a.published).toEqual([])
    await a.take(...[5, 6, 7].map((i) => rotated(i, now())))
    expect(performance.now() - before).toBeLessThan(ANSWER_MS + 10_000)
    expect(a.patterns()).toEqual(['refresh_velocity'])
    expect(a.isShared()).toBe(false)

    await bringBack()
    await a.sharing()
    await b.sharing()
    await a.take(...[8, 9, 10, 11, 12, 13, 14].map((i) => rotated(i, now())))
    expect(a.patterns()).toEqual(['refresh_velocity'])
    for (let i = 0; i < 6; i += 1)
      await (i % 2 === 0 ? a : b).take(failed(`name ${i}`, '203.0.113.0/24', now()))
    expect([...a.patterns(), ...b.patterns()]).toEqual(['refresh_velocity', 'spraying'])
  },
)

test('a Redis that loses its data changes no count of a replica and causes no second detection', async () => {
  const a = await startReplica()
  await a.sharing()
  for (let i = 0; i < 12; i += 1) {
    await a.take(rotated(i, now()))
    await admin.flushall()
  }
  expect(a.patterns()).toEqual(['refresh_velocity'])
})

test('it starts without Redis', async () => {
  await redis.stopServer()
  const a = await startReplica({ THREAT_REFUSALS: '3/60' })
  await a.take(refused(undefined, now()), refused(undefined, now()), refused(undefined, now()))
  expect(a.patterns()).toEqual(['refusals'])
})
