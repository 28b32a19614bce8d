import type { GuardedRedis } from '@auto-refresh/service-kit/redis'
import type { Windows } from '../../ports.ts'

/**
 * Windows that all replicas share while Redis is available. This process counts too, so it continues
 * alone during an outage, and its counts remain if Redis loses its data.
 */
export function createSharedWindows({
  local,
  shared,
  redis,
}: {
  local: Windows
  shared: Windows
  redis: Pick<GuardedRedis, 'ask'>
}): Windows {
  return {
    async add(observations) {
      const here = await local.add(observations)
      const everywhere = await redis.ask(() => shared.add(observations))
      if (everywhere === undefined) return here
      return here.map((counted, i) => {
        const other = everywhere[i] ?? counted
        const fuller = other.window.length >= counted.window.length ? other : counted
        return {
          window: fuller.window,
          isNew: counted.isNew && other.isNew,
          unpublished: other.unpublished ?? counted.unpublished,
        }
      })
    },
    async claim(observation, detection) {
      if (!(await local.claim(observation, detection))) return false
      const isOurs = (await redis.ask(() => shared.claim(observation, detection))) ?? true
      // another replica publishes it
      if (!isOurs) await local.published(observation)
      return isOurs
    },
    async published(observation) {
      await local.published(observation)
      await redis.ask(() => shared.published(observation))
    },
  }
}
