import type { Limit } from '@auto-refresh/config'
import { createBoundedLimiter } from './adapters/limits/create-bounded-limiter.ts'
import { createLoginThrottle } from './adapters/limits/create-login-throttle.ts'
import { createRefusedRefreshLimit } from './adapters/limits/create-refused-refresh-limit.ts'
import type { AuthApiConfig } from './config.ts'
import type { HashUsername, LoginAudit } from './ports.ts'

/** An account over its limit can be tried once in ten seconds. */
const SLOW_LANE: Limit = { points: 1, seconds: 10 }

export type BuildLimitsDeps = Readonly<{ limits: AuthApiConfig['limits']; audit: Pick<LoginAudit, 'hasSignedInFrom'>; hashUsername: HashUsername }>

/** The limits of the public calls, counted in this process. */
export function buildLimits({ limits, audit, hashUsername }: BuildLimitsDeps) {
  return {
    throttle: createLoginThrottle({
      perPair: createBoundedLimiter({ limit: limits.login }),
      perAddress: createBoundedLimiter({ limit: limits.loginAddress }),
      perAccount: createBoundedLimiter({ limit: limits.loginAccount }),
      slowLane: createBoundedLimiter({ limit: SLOW_LANE }),
      isFamiliar: ({ usernameKey, address }) => audit.hasSignedInFrom(hashUsername(usernameKey), address),
    }),
    refusedRefreshLimit: createRefusedRefreshLimit({ limiter: createBoundedLimiter({ limit: limits.refusedRefresh }) }),
  }
}
