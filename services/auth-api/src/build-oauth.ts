import type { TokenStore } from '@auto-refresh/contracts'
import type { Pool } from 'pg'
import { createVerifySubjectToken } from './adapters/jose/create-verify-subject-token.ts'
import { createPostgresUsedSubjectTokens } from './adapters/postgres/create-postgres-used-subject-tokens.ts'
import type { Limits } from './build-limits.ts'
import type { TrustedIssuer } from './domain/trusted-issuer.ts'
import type { CheckAccessToken } from './ports/access-tokens.ts'
import type { KnownUsers } from './ports/known-users.ts'
import type { Revocations } from './ports/revocations.ts'
import type { Clock } from './ports/runtime.ts'
import type { Log, Metrics } from './ports/telemetry.ts'
import { createLimitRefused } from './use-cases/refresh/limit-refused.ts'
import { createIntrospect } from './use-cases/sessions/introspect.ts'
import { createExchangeToken } from './use-cases/sign-in/exchange-token.ts'
import type { OpenExternalSession } from './use-cases/sign-in/open-external-session.ts'

type BuildOauthDeps = Readonly<{
  pool: Pool
  tokenStore: TokenStore
  knownUsers: KnownUsers
  revocations: Revocations
  checkAccessToken: CheckAccessToken
  openExternalSession: OpenExternalSession
  limits: Pick<Limits, 'refusedRefreshLimit'>
  metrics: Metrics
  trustedIssuers: readonly TrustedIssuer[]
  clock: Clock
  log: Log
  accessTtlSeconds: number
}>

/** The use cases that only the OAuth endpoints have. */
export function buildOauth({
  pool,
  tokenStore,
  knownUsers,
  revocations,
  checkAccessToken,
  openExternalSession,
  limits,
  metrics,
  trustedIssuers,
  clock,
  log,
  accessTtlSeconds,
}: BuildOauthDeps) {
  return {
    introspect: createIntrospect({
      checkAccessToken,
      tokenStore,
      knownUsers,
      revocations,
      accessTtlSeconds,
    }),
    exchangeToken:
      trustedIssuers.length === 0
        ? undefined
        : createExchangeToken({
            verifySubjectToken: createVerifySubjectToken({ issuers: trustedIssuers, clock }),
            usedTokens: createPostgresUsedSubjectTokens({ pool }),
            openExternalSession,
            tokenStore,
            limitRefused: createLimitRefused({
              limiter: 'refused_exchange',
              limit: limits.refusedRefreshLimit,
              metrics,
            }),
            clock,
            log,
          }),
  }
}
