import { createHmac } from 'node:crypto'
import { startOwnRedis, type OwnRedis } from '@auto-refresh/test-engines'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { aLog } from '../../testing/fakes.ts'
import { openLink } from '../../testing/open-link.ts'
import { repeat } from '@auto-refresh/service-kit/timing'
import { createBoundedLimiter } from './create-bounded-limiter.ts'
import { createLoginThrottle } from './create-login-throttle.ts'
import { createRedisLimits } from './create-redis-limits.ts'

const LIMIT = { points: 5, seconds: 60 }
const allowed = { allowed: true }
const refused = { allowed: false, retryAfterSeconds: expect.any(Number) }
/**
 * Longer than the default of 50 ms: a pause of the test machine must not count as an outage.
 */
const QUEUE_DEADLINE_MS = 20_000
/**
 * Used instead of 50 ms in tests with an outage, plus the possible delay of the test machine.
 */
const ANSWER_MS = 2000
const SLOWEST_MS = ANSWER_MS + 5000

let redis: OwnRedis
let admin: Redis
let closers: (() => Promise<void>)[] = []
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
  for (const close of closers.splice(0)) await close()
  admin.disconnect()
})

const until = (condition: () => unknown) =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 20_000, interval: 10 })

/** Builds the limits of one process. */
function aReplica(url = redis.url, answerMs: number | 'default' = QUEUE_DEADLINE_MS) {
  const log = aLog()
  const limits = createRedisLimits({
    url,
    hashKey: (key) => createHmac('sha256', 'key').update(key).digest('base64url'),
    log,
    ...(answerMs === 'default' ? {} : { answerMs }),
  })
  closers.push(() => limits.stop())
  limits.start()
  const limiter = (name: string, limit = LIMIT) =>
    limits.share({ name, limit, local: createBoundedLimiter({ limit }) })
  return { log, limits, limiter, ...limiter('test') }
}
async function sharing(...replicas: ReturnType<typeof aReplica>[]) {
  for (const { limits } of replicas) await until(limits.isShared)
}

/** Takes points in sequence and measures each call. */
async function takeTimed(
  replica: Pick<ReturnType<typeof aReplica>, 'take'>,
  times: number,
  toKey: (i: number) => string,
) {
  const answers = []
  const tookMs = []
  for (let i = 0; i < times; i++) {
    const before = performance.now()
    answers.push((await replica.take(toKey(i))).allowed)
    tookMs.push(performance.now() - before)
  }
  return {
    allowed: answers.filter(Boolean).length,
    slowestMs: Math.max(...tookMs),
    waited: tookMs.filter((ms) => ms > ANSWER_MS / 2).length,
  }
}

test('two replicas share a limit: they allow no more parallel attempts than the limit together', async () => {
  const [a, b] = [aReplica(), aReplica()]
  await sharing(a, b)
  const taken = await Promise.all(
    Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? a : b).take('k')),
  )
  expect(taken.filter((one) => one.allowed)).toHaveLength(5)
  const { retryAfterSeconds } = { retryAfterSeconds: 0, ...(await a.take('k')) }
  expect(retryAfterSeconds).toBeGreaterThan(30)
  expect(retryAfterSeconds).toBeLessThanOrEqual(60)
  await a.refund('k')
  expect([await b.take('k'), await a.take('k'), await a.take('other')]).toEqual([
    allowed,
    refused,
    allowed,
  ])
  const keys = await admin.keys('auth:limit:test:*')
  await b.refund('never taken')
  expect(await admin.keys('auth:limit:test:*')).toEqual(keys)
})

test('a window expires in Redis, and every key has an expiry', async () => {
  const a = aReplica()
  const short = a.limiter('short', { points: 1, seconds: 1 })
  await sharing(a)
  expect(await short.take('k')).toEqual(allowed)
  await Promise.all(Array.from({ length: 200 }, (_, i) => a.take(`flood ${i}`)))
  const keys = await admin.keys('*')
  expect(keys.filter((key) => key.startsWith('auth:limit:test:'))).toHaveLength(200)
  // -1: the key has no expiry. -2: it has expired.
  expect(await Promise.all(keys.map((key) => admin.pttl(key)))).not.toContain(-1)
  await expect.poll(() => admin.keys('auth:limit:short:*')).toEqual([])
  expect(await short.take('k')).toEqual(allowed)
})

test('Redis contains no user name and no address', async () => {
  const a = aReplica()
  await sharing(a)
  await a.take('203.0.113.7/32 ada')
  const keys = await admin.keys('*')
  expect(keys).toContainEqual(expect.stringMatching(/^auth:limit:test:[\w-]{43}$/))
  expect(keys.join()).not.toMatch(/ada|203/)
})

test.each([
  ['stopped', async () => redis.stopServer(), async () => redis.startServer()],
  ['killed', async () => redis.killServer(), async () => redis.startServer()],
  ['frozen', async () => redis.freezeServer(), async () => redis.thawServer()],
])(
  'Redis %s: few calls wait and none beyond its deadline, limits apply per process, and are shared again afterwards',
  async (_, takeAway, bringBack) => {
    const [a, b] = [aReplica(redis.url, ANSWER_MS), aReplica(redis.url, ANSWER_MS)]
    await sharing(a, b)
    for (let i = 0; i < 3; i++) await a.take('k')
    await takeAway()

    const first = await takeTimed(a, 50, () => 'k')
    expect(first.allowed).toBe(2)
    const many = await takeTimed(b, 200, (i) => `k${i % 20}`)
    expect(many.allowed).toBe(100)
    const parallel = await Promise.all(
      Array.from({ length: 50 }, () => takeTimed(b, 1, () => 'parallel')),
    )
    expect(parallel.filter((one) => one.allowed === 1)).toHaveLength(5)
    expect(
      Math.max(first.slowestMs, many.slowestMs, ...parallel.map((one) => one.slowestMs)),
    ).toBeLessThan(SLOWEST_MS)
    expect(Math.max(first.waited, many.waited)).toBeLessThanOrEqual(3)
    await until(() => !a.limits.isShared() && !b.limits.isShared())

    await bringBack()
    await sharing(a, b)
    const again = await Promise.all(
      Array.from({ length: 40 }, (__, i) => (i % 2 === 0 ? a : b).take('new')),
    )
    expect(again.filter((one) => one.allowed)).toHaveLength(5)
    expect(a.log.lines.map((line) => JSON.parse(line).message)).toEqual([
      'Redis recovered: rate limits are shared',
      'Redis unavailable: rate limits are counted per process',
      'Redis recovered: rate limits are shared',
    ])
  },
)

test('a call waits 50 ms for a Redis that does not respond', async () => {
  const a = aReplica(redis.url, 'default')
  const tookMs: number[] = []
  while (tookMs.length < 3) {
    await sharing(a)
    redis.freezeServer()
    const wasShared = a.limits.isShared()
    const { slowestMs } = await takeTimed(a, 1, () => 'k')
    // Counts only calls that timed out, not those that got a response before or were never sent.
    if (wasShared && !a.limits.isShared()) tookMs.push(slowestMs)
    redis.thawServer()
  }
  // The shortest, because each can be late on a busy machine.
  expect(Math.min(...tookMs)).toBeLessThan(400)
})

test.each(['mute', 'slow'] as const)(
  'over a %s network no call waits, and the limits are shared again when it recovers',
  async (state) => {
    const link = await openLink({ port: Number(new URL(redis.url).port) })
    closers.push(() => link.close())
    const [a, b] = [aReplica(link.url, ANSWER_MS), aReplica()]
    await sharing(a, b)
    link.become(state)
    const taken = await takeTimed(a, 2000, (i) => `k${i % 10}`)
    expect([taken.allowed, taken.slowestMs < SLOWEST_MS, taken.waited <= 3]).toEqual([
      50,
      true,
      true,
    ])
    if (state === 'mute') await until(() => link.accepted() > 3)
    expect(a.limits.isShared()).toBe(false)
    link.become('good')
    await sharing(a)
    for (let i = 0; i < 5; i++) expect(await b.take('new')).toEqual(allowed)
    expect(await a.take('new')).toEqual(refused)
  },
)

test('after FLUSHALL no one is refused, and no process exceeds its own limit', async () => {
  const a = aReplica()
  await sharing(a)
  const flushing = repeat({ everyMs: 5, run: () => admin.flushall(), onError: () => {} })
  flushing.start()
  const taken = await takeTimed(a, 400, (i) => `k${i % 40}`)
  await flushing.stop()
  expect([taken.allowed, a.limits.isShared(), a.log.lines.length]).toEqual([200, true, 1])
})

test('a process starts without Redis, logs it once, and shares its limits when Redis is available', async () => {
  await redis.stopServer()
  const a = aReplica()
  expect((await takeTimed(a, 20, () => 'k')).allowed).toBe(5)
  await until(() => a.log.lines.length === 1)
  await redis.startServer()
  await sharing(a)
  expect(a.log.lines.map((line) => JSON.parse(line))).toEqual([
    {
      level: 'warn',
      reason: expect.stringContaining('ECONNREFUSED'),
      message: 'Redis unavailable: rate limits are counted per process',
    },
    { level: 'info', message: 'Redis recovered: rate limits are shared' },
  ])
})

test('a Redis that does not respond delays neither start nor stop', async () => {
  const link = await openLink({ port: Number(new URL(redis.url).port) })
  link.become('mute')
  const a = aReplica(link.url, ANSWER_MS)
  await until(() => link.accepted() > 0)
  const taken = await takeTimed(a, 300, () => 'k')
  expect([taken.allowed, taken.slowestMs < SLOWEST_MS]).toEqual([5, true])
  const before = performance.now()
  await a.limits.stop()
  expect(performance.now() - before).toBeLessThan(SLOWEST_MS)
  await link.close()
})

test('a Redis that refuses writes counts as unavailable and is not called', async () => {
  const a = aReplica()
  await sharing(a)
  await admin.config('SET', 'maxmemory', '1')
  try {
    await until(() => !a.limits.isShared())
    expect((await takeTimed(a, 20, () => 'k')).allowed).toBe(5)
    expect(a.log.lines).toHaveLength(2)
  } finally {
    await admin.config('SET', 'maxmemory', '0')
  }
  await sharing(a)
})

test('no log line contains the password', async () => {
  await admin.config('SET', 'requirepass', 'hunter2')
  try {
    const a = aReplica(redis.url.replace('redis://', 'redis://:hunter3@'))
    await until(() => a.log.lines.length > 0)
    expect(a.log.lines.join()).toContain('WRONGPASS')
    expect(a.log.lines.join()).not.toMatch(/hunter/)
    const b = aReplica(redis.url.replace('redis://', 'redis://:hunter2@'))
    await sharing(b)
  } finally {
    await admin.config('SET', 'requirepass', '')
  }
})

test('the login throttle counts over two replicas, and right passwords count on neither', async () => {
  const throttleOf = ({ limiter }: ReturnType<typeof aReplica>) =>
    createLoginThrottle({
      perPair: limiter('pair'),
      perAddress: limiter('address', { points: 100, seconds: 60 }),
      perAccount: limiter('account', { points: 100, seconds: 60 }),
      perDevice: createBoundedLimiter({ limit: 'off' }),
      strangers: createBoundedLimiter({ limit: 'off' }),
      slowLane: limiter('slow', { points: 1, seconds: 600 }),
      recorded: limiter('told', { points: 1, seconds: 60 }),
      isFamiliar: async () => false,
    })
  const [a, b] = [aReplica(), aReplica()]
  await sharing(a, b)
  const throttles = [throttleOf(a), throttleOf(b)]
  async function attempt(i: number, outcome: 'right' | 'wrong') {
    const taken = await throttles[i % 2]?.take(
      { usernameKey: 'ada', block: '203.0.113.7/32' },
      AbortSignal.timeout(60_000),
    )
    if (taken?.allowed === true) await taken.end(outcome)
    return taken
  }
  for (let i = 0; i < 20; i++) expect(await attempt(i, 'right')).toMatchObject(allowed)
  const taken = []
  for (let i = 0; i < 12; i++) taken.push(await attempt(i, 'wrong'))
  // five attempts, and one in the slow lane
  expect(taken.filter((one) => one?.allowed)).toHaveLength(6)
  expect(taken.filter((one) => one?.allowed === false && one.isFirst)).toHaveLength(1)
})
