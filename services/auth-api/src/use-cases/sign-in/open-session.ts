import type { TokenStore } from '@auto-refresh/contracts'
import { ACCESS_TTL_MARGIN_SECONDS } from '../../domain/access-token-claims.ts'
import type { TokenPair } from '../../domain/token-pair.ts'
import type { KnownUsers } from '../../ports/known-users.ts'
import type { LoginRecord } from '../../ports/login-records.ts'
import type { SignInLimit } from '../../ports/sign-in-limits.ts'
import type { Log, Metrics } from '../../ports/telemetry.ts'
import type { User } from '../../ports/users.ts'
import type { SignPair } from '../refresh/sign-pair.ts'
import type { RecordLogin } from './record-login.ts'

export type OpenSession = (request: {
  user: User
  login: Pick<LoginRecord, 'method' | 'actor' | 'usernameHash' | 'context'>
  /** how the user was authenticated elsewhere (RFC 8176); absent: here, with a password */
  amr?: readonly string[]
  /** when the user was authenticated elsewhere (Unix ms); absent: now */
  authTimeMs?: number | undefined
}) => Promise<
  | { outcome: 'opened'; pair: TokenPair }
  /** already recorded */
  | { outcome: 'user_inactive' }
  /** all sessions of the user were revoked after `user` was read */
  | { outcome: 'user_revoked' }
  | { outcome: 'rate_limited'; retryAfterSeconds: number }
>

type OpenSessionDeps = Readonly<{
  signInLimit: SignInLimit
  tokenStore: Pick<TokenStore, 'issue' | 'revokeSession'>
  knownUsers: Pick<KnownUsers, 'remember'>
  signPair: SignPair
  recordLogin: RecordLogin
  metrics: Metrics
  log: Log
  accessTtlSeconds: number
}>

/** The client id of all sessions: the front ends of the product itself. */
const CLIENT_ID = 'first-party'

/**
 * Opens a session of a user who has been authenticated, by any method, and records the login.
 * Throws `CodedError('unavailable')`; the session is then revoked.
 */
export function createOpenSession({
  signInLimit,
  tokenStore,
  knownUsers,
  signPair,
  recordLogin,
  metrics,
  log,
  accessTtlSeconds,
}: OpenSessionDeps): OpenSession {
  return async ({ user, login, amr, authTimeMs }) => {
    if (!user.active) {
      await recordLogin({ ...login, outcome: 'user_inactive', userId: user.id })
      return { outcome: 'user_inactive' }
    }

    // An authenticated user does not guess, but each session leaves a row for days.
    const room = await signInLimit.take(user.id)
    if (!room.allowed) {
      metrics.rateLimited('sign_in')
      metrics.loggedIn('rate_limited', login.method)
      return { outcome: 'rate_limited', retryAfterSeconds: room.retryAfterSeconds }
    }

    const { network, agent } = login.context
    const issued = await tokenStore
      .issue({
        userId: user.id,
        userVersion: user.version,
        clientId: CLIENT_ID,
        context: { network, agent },
        accessTtlSeconds: accessTtlSeconds + ACCESS_TTL_MARGIN_SECONDS,
        ...(amr !== undefined && { amr: [...amr] }),
        ...(authTimeMs !== undefined && { authTimeMs }),
      })
      .catch(async (error: unknown) => {
        await signInLimit.refund(user.id)
        throw error
      })
    if (issued.outcome === 'user_revoked') return issued

    knownUsers.remember(user)
    const sessionId = issued.session.id
    try {
      const pair = await signPair({ session: issued.session, user, refreshToken: issued.token })
      await recordLogin({ ...login, outcome: 'succeeded', userId: user.id, sessionId })
      return { outcome: 'opened', pair }
    } catch (error) {
      // The client never gets this token. If the session stayed open, retries would reach the
      // limit of sessions and end those of other devices.
      await tokenStore
        .revokeSession({ sessionId, reason: 'logout' })
        .catch(() => log.warn({ sessionId }, 'Revoking the session of a failed sign-in failed'))
      throw error
    }
  }
}
