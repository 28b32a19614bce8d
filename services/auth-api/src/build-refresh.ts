import type { TokenStore } from '@auto-refresh/contracts'
import type { EventQueueDeps } from './adapters/events/create-event-queue.ts'
import { createRefusalEvents } from './adapters/events/create-refusal-events.ts'
import { createBoundedLimiter } from './adapters/limits/create-bounded-limiter.ts'
import type { AccessTokens } from './build-access-tokens.ts'
import type { Limits } from './build-limits.ts'
import type { KnownUsers } from './ports/known-users.ts'
import type { Revocations } from './ports/revocations.ts'
import type { Clock } from './ports/runtime.ts'
import type { Log, Metrics } from './ports/telemetry.ts'
import { createAutoRefresh } from './use-cases/refresh/auto-refresh.ts'
import { createChooseRefreshToken } from './use-cases/refresh/choose-refresh-token.ts'
import { createLimitEnded, createLimitRefused } from './use-cases/refresh/limit-refused.ts'
import { createPeekRefresh } from './use-cases/refresh/peek-refresh.ts'
import { createPublishRefusal } from './use-cases/refresh/publish-refusal.ts'
import { createRefresh } from './use-cases/refresh/refresh.ts'
import { createRefreshForProxy } from './use-cases/refresh/refresh-for-proxy.ts'
import { createRefuseRefresh } from './use-cases/refresh/refuse-refresh.ts'
import { createReportRefresh } from './use-cases/refresh/report-refresh.ts'
import type { SignPair } from './use-cases/refresh/sign-pair.ts'

/** For each address block: enough to show an attack. */
const PUBLISHED_REFUSALS = { points: 60, seconds: 60 }

type BuildRefreshDeps = Readonly<{
  tokenStore: TokenStore
  knownUsers: KnownUsers
  revocations: Revocations
  accessTokens: Pick<AccessTokens, 'checkAccessToken' | 'isDue'>
  signPair: SignPair
  limits: Pick<Limits, 'refusedRefreshLimit' | 'endedLimit' | 'refusalLines' | 'notDueLimit'>
  events: EventQueueDeps
  metrics: Metrics
  clock: Clock
  log: Log
  accessTtlSeconds: number
}>

/** The use cases that take a refresh token, and the limits of refused ones. */
export function buildRefresh({
  tokenStore,
  knownUsers,
  revocations,
  accessTokens: { checkAccessToken, isDue },
  signPair,
  limits,
  events,
  metrics,
  clock,
  log,
  accessTtlSeconds,
}: BuildRefreshDeps) {
  const refusalEvents = createRefusalEvents(events)
  const limitRefused = createLimitRefused({ limit: limits.refusedRefreshLimit, metrics })
  const limitEnded = createLimitEnded({ limit: limits.endedLimit, metrics })
  const refuseRefresh = createRefuseRefresh({
    limitRefused,
    limitEnded,
    lines: limits.refusalLines,
  })
  const publishRefusal = createPublishRefusal({
    events: refusalEvents,
    limit: createBoundedLimiter({ limit: PUBLISHED_REFUSALS }),
  })
  const reportRefresh = createReportRefresh({ metrics, publishRefusal, log })
  const refresh = createRefresh({
    tokenStore,
    knownUsers,
    revocations,
    signPair,
    refuseRefresh,
    reportRefresh,
    metrics,
    accessTtlSeconds,
  })
  return {
    limitRefused,
    limitEnded,
    refresh,
    autoRefresh: createAutoRefresh({
      refresh,
      tokenStore,
      notDueLimit: limits.notDueLimit,
      checkAccessToken,
      isDue,
      metrics,
      clock,
      accessTtlSeconds,
    }),
    refreshForProxy: createRefreshForProxy({
      refresh,
      tokenStore,
      knownUsers,
      isDue,
      accessTtlSeconds,
    }),
    peekRefresh: createPeekRefresh({
      tokenStore,
      knownUsers,
      refuseRefresh,
      reportRefresh,
      accessTtlSeconds,
    }),
    chooseRefreshToken: createChooseRefreshToken({
      tokenStore,
      checkAccessToken,
      accessTtlSeconds,
    }),
    flushRefusalEvents: refusalEvents.flush,
  }
}
