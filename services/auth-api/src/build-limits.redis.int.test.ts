import { startOwnRedis } from '@auto-refresh/test-engines'
import { createGuardedRedis } from '@auto-refresh/service-kit/redis'
import { createMetrics } from '@auto-refresh/service-kit/telemetry'
import { afterAll, expect, test, vi } from 'vitest'
import { buildLimits } from './build-limits.ts'
import { aLog } from './testing/fakes.ts'

const redis = await startOwnRedis()
afterAll(() => redis.stop())

function aReplica(redisUrl: string | undefined) {
  const log = aLog()
  const metrics = createMetrics({ service: 'auth-api', version: 'test' })
  const limit = { points: 2, seconds: 60 }
  const limits = buildLimits({
    config: {
      redisUrl,
      limits: {
        login: 'off',
        loginAddress: limit,
        loginAccount: limit,
        refusedRefresh: limit,
        notDue: 'off',
      },
    },
    audit: { hasSignedInFrom: async () => false },
    hashUsername: (name) => Buffer.from(name).toString('hex'),
    metrics,
    log,
    redisAnswerMs: 20_000,
  })
  limits.start()
  const isShared = async () => /^auth_limits_shared (\d)$/m.exec((await metrics.scrape()).text)?.[1]
  return {
    limits,
    log,
    isShared,
    takeRefused: async () => (await limits.refusedRefreshLimit.take('203.0.113.7/32')).allowed,
  }
}

test('with Redis the replicas share their limits and report it; without Redis each counts alone', async () => {
  const [a, b, alone] = [aReplica(redis.url), aReplica(redis.url), aReplica(undefined)]
  for (const replica of [a, b])
    await vi.waitFor(async () => expect(await replica.isShared()).toBe('1'), { timeout: 20_000 })
  expect(await alone.isShared()).toBe('0')
  expect([
    await a.takeRefused(),
    await b.takeRefused(),
    await a.takeRefused(),
    await b.takeRefused(),
  ]).toEqual([true, true, false, false])
  expect([await alone.takeRefused(), await alone.takeRefused(), await alone.takeRefused()]).toEqual(
    [true, true, false],
  )
  for (const { limits } of [a, b, alone]) await limits.stop()
})

/** Returns the number of keys in a database, and how often SELECT was called. */
async function look(database: number) {
  const { client } = createGuardedRedis({
    url: `${redis.url}/${database}`,
    name: 'test',
    probe: async () => {},
    onUnavailable: () => {},
    onRecovered: () => {},
    answerMs: 20_000,
  })
  await client.connect()
  const [keys, stats] = [await client.dbsize(), await client.info('commandstats')]
  client.disconnect()
  return { keys, selects: Number(/cmdstat_select:calls=(\d+)/.exec(stats)?.[1] ?? 0) }
}

test('a database number that does not exist is logged as unavailable with its reason, and nothing is counted in database 0', async () => {
  const [before, replica, right] = [
    await look(0),
    aReplica(`${redis.url}/99`),
    aReplica(`${redis.url}/15`),
  ]
  await vi.waitFor(async () => expect(await right.isShared()).toBe('1'), { timeout: 20_000 })
  await vi.waitFor(
    async () => expect((await look(0)).selects).toBeGreaterThan(before.selects + 8),
    { timeout: 20_000 },
  )
  expect(await replica.takeRefused()).toBe(true)
  expect(await replica.isShared()).toBe('0')
  expect(replica.log.lines).toEqual([expect.stringContaining('out of range')])
  expect((await look(0)).keys).toBeLessThanOrEqual(before.keys)
  expect((await look(15)).keys).toBeGreaterThan(0)
  for (const { limits } of [replica, right]) await limits.stop()
})

test('after a closed connection limits are shared again only when the next one has selected its database', async () => {
  const replica = aReplica(`${redis.url}/15`)
  await vi.waitFor(async () => expect(await replica.isShared()).toBe('1'), { timeout: 20_000 })
  await redis.stopServer()
  await vi.waitFor(async () => expect(await replica.isShared()).toBe('0'), { timeout: 20_000 })
  await redis.startServer()
  await vi.waitFor(async () => expect(await replica.isShared()).toBe('1'), { timeout: 20_000 })
  await replica.limits.stop()
})
