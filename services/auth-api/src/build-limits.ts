import type { Limit } from '@auto-refresh/service-kit/config'
import type { Metrics } from '@auto-refresh/service-kit/telemetry'
import { createBoundedLimiter, type Limiter } from './adapters/limits/create-bounded-limiter.ts'
import { createLoginThrottle, SLOW_LANE_SECONDS } from './adapters/limits/create-login-throttle.ts'
import { createRedisLimits } from './adapters/limits/create-redis-limits.ts'
import type { AuthApiConfig } from './config.ts'
import type { LoginAudit } from './ports/login-records.ts'
import type { HashUsername } from './ports/sign-in-limits.ts'
import type { Log } from './ports/telemetry.ts'

/** Beyond a limit: attempts for each name from each address. */
const SLOW_LANE: Limit = { points: 1, seconds: SLOW_LANE_SECONDS }
/** Beyond the limit of an address: attempts for all names that are new there, together. */
const STRANGERS: Limit = { points: 30, seconds: SLOW_LANE_SECONDS }

/**
 * Sessions that one user opens: far more than a person with many devices needs, far fewer than
 * would fill the revocation list.
 */
const SIGN_INS: Limit = { points: 60, seconds: 600 }

type BuildLimitsDeps = Readonly<{
  config: Pick<AuthApiConfig, 'limits' | 'redisUrl'>
  audit: Pick<LoginAudit, 'hasSignedInFrom'>
  hashUsername: HashUsername
  metrics: Pick<Metrics, 'onScrape' | 'limitsShared'>
  log: Log
  /** how long to wait for Redis; default 50 ms */
  redisAnswerMs?: number
}>

/**
 * Builds the limits of the public API. With Redis all replicas share them; without it each process
 * counts alone.
 */
export function buildLimits({
  config: { limits, redisUrl },
  audit,
  hashUsername,
  metrics,
  log,
  redisAnswerMs,
}: BuildLimitsDeps) {
  const redis =
    redisUrl === undefined
      ? undefined
      : createRedisLimits({ url: redisUrl, hashKey: hashUsername, log, answerMs: redisAnswerMs })
  const unwatch = metrics.onScrape(() =>
    metrics.limitsShared.set(redis?.isShared() === true ? 1 : 0),
  )

  function limiter(name: string, limit: Limit | 'off'): Limiter {
    const local = createBoundedLimiter({ limit })
    return redis === undefined || limit === 'off' ? local : redis.share({ name, limit, local })
  }

  return {
    throttle: createLoginThrottle({
      perPair: limiter('login', limits.login),
      perAddress: limiter('login_ip', limits.loginAddress),
      perAccount: limiter('login_account', limits.loginAccount),
      perDevice: limiter('login_device', limits.login),
      slowLane: limiter('slow_lane', SLOW_LANE),
      strangers: limiter('strangers', STRANGERS),
      recorded: limiter(
        // part of the Redis key, which all replicas share
        'told',
        limits.login === 'off' ? SLOW_LANE : { points: 1, seconds: limits.login.seconds },
      ),
      isFamiliar: ({ usernameKey, block }) =>
        audit.hasSignedInFrom(hashUsername(usernameKey), block),
    }),
    signInLimit: limiter('sign_in', limits.loginAccount === 'off' ? 'off' : SIGN_INS),
    passwordResetLimit: limiter('password_reset', limits.loginAddress),
    refusedRefreshLimit: limiter('refused_refresh', limits.refusedRefresh),
    // In memory: a refusal is not worth a round trip to Redis.
    endedLimit: createBoundedLimiter({ limit: limits.refusedRefresh }),
    refusalLines: createBoundedLimiter({ limit: { points: 1, seconds: 60 } }),
    // In memory: a check that changes nothing is not worth a round trip.
    notDueLimit: createBoundedLimiter({ limit: limits.notDue }),
    start: () => redis?.start(),
    async stop(): Promise<void> {
      unwatch()
      await redis?.stop()
    },
  }
}
export type Limits = ReturnType<typeof buildLimits>
