import { createGuardedRedis } from '@auto-refresh/service-kit/redis'
import type { Logger } from '@auto-refresh/service-kit/telemetry'
import type { Clock } from '@auto-refresh/service-kit/timing'
import { createMemoryWindows } from './adapters/memory/create-memory-windows.ts'
import { createRedisWindows } from './adapters/redis/create-redis-windows.ts'
import { createSharedWindows } from './adapters/redis/create-shared-windows.ts'
import type { Windows } from './ports.ts'

const PROBE_KEY = 'auth:threat:probe'

/** Creates the windows: shared by all replicas if Redis is configured, else of this process. */
export function buildWindows({
  redisUrl,
  redisAnswerMs,
  clock,
  logger,
}: {
  redisUrl: string | undefined
  redisAnswerMs?: number | undefined
  clock: Clock
  logger: Logger
}): { windows: Windows; isShared(): boolean; start(): void; stop(): Promise<void> } {
  const local = createMemoryWindows({ clock })
  if (redisUrl === undefined)
    return { windows: local, isShared: () => false, start() {}, async stop() {} }
  const redis = createGuardedRedis({
    url: redisUrl,
    name: 'threat-monitor',
    answerMs: redisAnswerMs,
    probe: (client) => client.set(PROBE_KEY, '1', 'PX', 1000),
    onUnavailable: (reason) =>
      logger.warn({ reason }, 'Redis unavailable: patterns are counted per process'),
    onRecovered: () => logger.info('Redis recovered: patterns are counted over all replicas'),
  })
  const shared = createRedisWindows({ client: redis.client })
  return {
    windows: createSharedWindows({ local, shared, redis }),
    isShared: redis.isAvailable,
    start: redis.start,
    stop: redis.stop,
  }
}
