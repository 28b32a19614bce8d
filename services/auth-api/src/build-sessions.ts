import type { TokenStore } from '@auto-refresh/contracts'
import type { CheckAccessToken } from './ports/access-tokens.ts'
import type { Revocations } from './ports/revocations.ts'
import type { Log } from './ports/telemetry.ts'
import type { Users } from './ports/users.ts'
import type { LimitEnded, LimitRefused } from './use-cases/refresh/limit-refused.ts'
import { createDeliverRevocations } from './use-cases/sessions/deliver-revocations.ts'
import { createEndSession } from './use-cases/sessions/end-session.ts'
import { createFindLiveSession } from './use-cases/sessions/find-live-session.ts'
import { createFindProvenSession } from './use-cases/sessions/find-proven-session.ts'
import { createListSessions } from './use-cases/sessions/list-sessions.ts'
import { createSignOutEverywhere } from './use-cases/sessions/sign-out-everywhere.ts'
import { createSignOut } from './use-cases/sessions/sign-out.ts'

type BuildSessionsDeps = Readonly<{
  tokenStore: TokenStore
  users: Users
  revocations: Revocations
  checkAccessToken: CheckAccessToken
  limitRefused: LimitRefused
  limitEnded: LimitEnded
  log: Log
  accessTtlSeconds: number
}>

/** The use cases that list and end sessions. */
export function buildSessions({
  tokenStore,
  users,
  revocations,
  checkAccessToken,
  limitRefused,
  limitEnded,
  log,
  accessTtlSeconds,
}: BuildSessionsDeps) {
  const findProvenSession = createFindProvenSession({
    checkAccessToken,
    tokenStore,
    limitRefused,
    limitEnded,
  })
  const findLiveSession = createFindLiveSession({
    checkAccessToken,
    tokenStore,
    findProvenSession,
    limitEnded,
    accessTtlSeconds,
  })
  const deliverRevocations = createDeliverRevocations({ users, tokenStore, revocations })
  return {
    deliverRevocations,
    signOut: createSignOut({ findProvenSession, tokenStore, revocations, log }),
    signOutEverywhere: createSignOutEverywhere({
      findLiveSession,
      users,
      deliverRevocations,
      revocations,
      log,
    }),
    listSessions: createListSessions({ tokenStore }),
    endSession: createEndSession({ tokenStore, revocations, log }),
  }
}
