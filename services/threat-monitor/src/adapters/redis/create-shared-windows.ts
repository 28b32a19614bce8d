import type { GuardedRedis } from '@auto-refresh/service-kit/redis'
import type { Windows } from '../../ports.ts'

/**
 * Windows that all replicas share as long as Redis answers; this process counts along, and goes on
 * alone from there. After Redis has lost its data, what this process knows still counts.
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
          untold: other.untold ?? counted.untold,
        }
      })
    },
    async claim(observation, detection) {
      if (!(await local.claim(observation, detection))) return false
      const isOurs = (await redis.ask(() => shared.claim(observation, detection))) ?? true
      // another replica tells
      if (!isOurs) await local.told(observation)
      return isOurs
    },
    async told(observation) {
      await local.told(observation)
      await redis.ask(() => shared.told(observation))
    },
  }
}
