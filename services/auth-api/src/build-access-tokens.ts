import { randomBytes } from 'node:crypto'
import { createAccessTokenVerifier, isDue as isDueBy } from '@auto-refresh/server/core'
import { tryWhileUnavailable } from '@auto-refresh/service-kit/postgres'
import type { Pool } from 'pg'
import { createRetiredKeys } from './adapters/memory/create-retired-keys.ts'
import { createRoleChanges } from './adapters/memory/create-role-changes.ts'
import { readRoleChanges } from './adapters/postgres/role-change-rows.ts'
import { readRetiredKids } from './adapters/postgres/signing-key-rows.ts'
import { buildSigningKeys } from './build-signing-keys.ts'
import type { AuthApiConfig } from './config.ts'
import type { IsDue } from './ports/refresh.ts'
import type { Revocations } from './ports/revocations.ts'
import type { Clock } from './ports/runtime.ts'
import type { Log } from './ports/telemetry.ts'
import { createCheckAccessToken } from './use-cases/sessions/check-access-token.ts'
import { createGetTokenStatus } from './use-cases/sessions/get-token-status.ts'

const isLocalIssuer = (issuer: string) => /^http:\/\/localhost:\d{1,5}$/.test(issuer)

type AccessTokensDeps = Readonly<{
  config: AuthApiConfig
  pool: Pool
  revocations: Pick<Revocations, 'isRevoked'>
  clock: Clock
  log: Log
}>

/** Signs and checks access tokens, with signing keys, retired keys and changed roles in memory. */
export function buildAccessTokens({ config, pool, revocations, clock, log }: AccessTokensDeps) {
  const { issuer, audience, dueThresholdSeconds: thresholdSeconds } = config.tokens
  const roleChanges = createRoleChanges({ read: () => readRoleChanges(pool), log })
  const signingKeys = buildSigningKeys({
    config,
    pool,
    readRetired: () => retiredKeys.refresh(),
    randomBytes,
    clock,
    log,
  })
  const retiredKeys = createRetiredKeys({
    read: () => readRetiredKids(pool),
    // Another process may have retired the key with which this one signs.
    async onChange({ isRetired }) {
      await signingKeys.reload()
      // A reload that was already running may have read the keys before the change.
      if (signingKeys.jwks().keys.some(({ kid = '' }) => isRetired(kid))) await signingKeys.reload()
    },
    log,
  })
  const verifyAccessToken = createAccessTokenVerifier({
    findKey: signingKeys.findPublicKey,
    isRetiredKey: retiredKeys.isRetired,
    issuer,
    // Processes of one database that each follow their own PORT accept each other's tokens.
    isIssuer: config.tokens.issuerFollowsPort ? isLocalIssuer : undefined,
    audience,
    clock,
  })
  const checkAccessToken = createCheckAccessToken({
    verify: verifyAccessToken,
    revocations,
    roleChanges,
  })
  const isDue: IsDue = (claims) => isDueBy(claims, { nowMs: clock.nowMs(), thresholdSeconds })

  return {
    signingKeys,
    retiredKeys,
    roleChanges,
    verifyAccessToken,
    checkAccessToken,
    isDue,
    getTokenStatus: createGetTokenStatus({ checkAccessToken, isDue, clock }),
    /** Opens the signing keys, and reads retired keys and changed roles once. */
    async start(): Promise<void> {
      await tryWhileUnavailable(() => signingKeys.start())
      await tryWhileUnavailable(() => retiredKeys.start())
      await tryWhileUnavailable(() => roleChanges.start())
    },
    async stop(): Promise<void> {
      await roleChanges.stop()
      await retiredKeys.stop()
      await signingKeys.stop()
    },
  }
}
export type AccessTokens = ReturnType<typeof buildAccessTokens>
