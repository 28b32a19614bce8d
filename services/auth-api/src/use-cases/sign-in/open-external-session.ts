import { CodedError } from '@auto-refresh/contracts'
import { refuseDisplayName, refuseExternalId, toExternalKey } from '../../domain/external-user.ts'
import { refuseAuthenticationTime } from '../../domain/refuse-authentication-time.ts'
import { refuseRole } from '../../domain/role.ts'
import type { TokenPair } from '../../domain/token-pair.ts'
import { refuseClaims } from '../../domain/user-claims.ts'
import { toActorText, type Actor } from '../../ports/actor.ts'
import type { LoginMethod } from '../../ports/login-records.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { HashUsername } from '../../ports/sign-in-limits.ts'
import type { Log, Metrics } from '../../ports/telemetry.ts'
import type { ExternalUser, Users } from '../../ports/users.ts'
import type { OpenSession } from './open-session.ts'

type OpenExternalSessionRequest = Readonly<{
  user: ExternalUser
  /** roles that the caller neither assigns nor uses */
  protectedRoles: readonly string[]
  method: Exclude<LoginMethod, 'password'>
  actor: Actor
  /** how the user was authenticated (RFC 8176) */
  amr: readonly string[]
  /** when the user was authenticated (Unix ms); absent: now */
  authenticatedAtMs?: number | undefined
  /** the user's, not that of the back end that calls */
  context: RequestContext
}>

export type OpenExternalSessionResult =
  | { outcome: 'opened'; pair: TokenPair }
  | { outcome: 'user_inactive' }
  | { outcome: 'role_protected' }
  | { outcome: 'rate_limited'; retryAfterSeconds: number }
export type OpenExternalSession = (
  request: OpenExternalSessionRequest,
) => Promise<OpenExternalSessionResult>

type OpenExternalSessionDeps = Readonly<{
  users: Pick<Users, 'upsertExternal'>
  openSession: OpenSession
  hashUsername: HashUsername
  clock: Clock
  metrics: Metrics
  log: Log
}>

/**
 * Opens a session of a user whom another system has authenticated. The user is created at first
 * sight; the given name, role and claims are stored. Throws `CodedError` invalid_request or
 * unavailable.
 */
export function createOpenExternalSession({
  users,
  openSession,
  hashUsername,
  clock,
  metrics,
  log,
}: OpenExternalSessionDeps): OpenExternalSession {
  return async (request) => {
    const { user: given, protectedRoles, method, context, amr, authenticatedAtMs } = request
    const detail = refuse(request, clock.nowMs())
    if (detail !== undefined) throw new CodedError('invalid_request', { detail })
    if (given.role !== undefined && protectedRoles.includes(given.role))
      return { outcome: 'role_protected' }

    const actor = toActorText(request.actor)
    try {
      const stored = await users.upsertExternal(given, { protectedRoles, actor })
      if (stored.outcome === 'role_protected') return stored
      const { user, change } = stored
      if (change !== undefined)
        log.info(
          { event: 'external_user', change, userId: user.id, role: user.role, actor },
          `External user ${change}`,
        )
      const opened = await openSession({
        user,
        login: {
          method,
          actor,
          usernameHash: hashUsername(toExternalKey(given.externalId)),
          context,
        },
        amr,
        authTimeMs: authenticatedAtMs,
      })
      if (opened.outcome !== 'user_revoked') return opened
      // A retry reads the state after the revocation.
      throw new CodedError('unavailable')
    } catch (error) {
      metrics.loggedIn('unavailable', method)
      throw error
    }
  }
}

function refuse(
  { user, authenticatedAtMs }: OpenExternalSessionRequest,
  nowMs: number,
): string | undefined {
  const { externalId, username, role, claims } = user
  return (
    refuseExternalId(externalId) ??
    (username === undefined ? undefined : refuseDisplayName(username)) ??
    (role === undefined ? undefined : refuseRole(role)) ??
    (claims === undefined ? undefined : refuseClaims(claims)) ??
    (authenticatedAtMs === undefined
      ? undefined
      : refuseAuthenticationTime(authenticatedAtMs, nowMs))
  )
}
