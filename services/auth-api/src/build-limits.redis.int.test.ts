import { startOwnRedis } from '@auto-refresh/local-engines'
import { createMetrics } from '@auto-refresh/telemetry'
import { afterAll, expect, test, vi } from 'vitest'
import { buildLimits } from './build-limits.ts'
import { aLog } from './test-doubles/fakes.ts'

const redis = await startOwnRedis()
afterAll(() => redis.stop())

function aReplica(redisUrl: string | undefined) {
  const metrics = createMetrics({ service: 'auth-api', version: 'test' })
  const limit = { points: 2, seconds: 60 }
  const limits = buildLimits({
    config: { redisUrl, limits: { login: 'off', loginAddress: limit, loginAccount: limit, refusedRefresh: limit, look: 'off' } },
    audit: { hasSignedInFrom: async () => false },
    hashUsername: (name) => Buffer.from(name).toString('hex'),
    metrics,
    log: aLog(),
    redisAnswerMs: 20_000,
  })
  limits.start()
  const isShared = async () => /^auth_limits_shared (\d)$/m.exec((await metrics.scrape()).text)?.[1]
  return { limits, isShared, takeRefused: async () => (await limits.refusedRefreshLimit.take('203.0.113.7/32')).allowed }
}

test('with a Redis the replicas share their limits and say so; without one each counts alone', async () => {
  const [a, b, alone] = [aReplica(redis.url), aReplica(redis.url), aReplica(undefined)]
  for (const replica of [a, b]) await vi.waitFor(async () => expect(await replica.isShared()).toBe('1'), { timeout: 20_000 })
  expect(await alone.isShared()).toBe('0')
  expect([await a.takeRefused(), await b.takeRefused(), await a.takeRefused(), await b.takeRefused()]).toEqual([true, true, false, false])
  expect([await alone.takeRefused(), await alone.takeRefused(), await alone.takeRefused()]).toEqual([true, true, false])
  for (const { limits } of [a, b, alone]) await limits.stop()
})
