import type { Limit } from '@auto-refresh/config'
import { createBoundedQueue } from './adapters/crypto/create-bounded-queue.ts'
import { createBoundedLimiter } from './adapters/limits/create-bounded-limiter.ts'
import { createLoginThrottle, SLOW_LANE_SECONDS } from './adapters/limits/create-login-throttle.ts'
import { createRefusedRefreshLimit } from './adapters/limits/create-refused-refresh-limit.ts'
import type { AuthApiConfig } from './config.ts'
import type { HashUsername, LoginAudit } from './ports.ts'

/** An account over its limit can be tried at this pace. */
const SLOW_LANE: Limit = { points: 1, seconds: SLOW_LANE_SECONDS }

export type BuildLimitsDeps = Readonly<{ limits: AuthApiConfig['limits']; audit: Pick<LoginAudit, 'hasSignedInFrom'>; hashUsername: HashUsername }>

/** The limits of the public calls, counted in this process. */
export function buildLimits({ limits, audit, hashUsername }: BuildLimitsDeps) {
  return {
    throttle: createLoginThrottle({
      perPair: createBoundedLimiter({ limit: limits.login }),
      perAddress: createBoundedLimiter({ limit: limits.loginAddress }),
      perAccount: createBoundedLimiter({ limit: limits.loginAccount }),
      slowLane: createBoundedLimiter({ limit: SLOW_LANE }),
      told: createBoundedLimiter({ limit: limits.login === 'off' ? SLOW_LANE : { points: 1, seconds: limits.login.seconds } }),
      oneByOne: createBoundedQueue({ concurrency: 1, maxWaiting: 10_000 }),
      nowMs: () => performance.now(),
      isFamiliar: ({ usernameKey, address }) => audit.hasSignedInFrom(hashUsername(usernameKey), address),
    }),
    refusedRefreshLimit: createRefusedRefreshLimit({ limiter: createBoundedLimiter({ limit: limits.refusedRefresh }) }),
  }
}
