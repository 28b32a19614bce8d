import { CodedError, type TokenStore } from '@auto-refresh/contracts'
import { ACCESS_TTL_MARGIN_SECONDS } from '../../domain/access-token-claims.ts'
import { DEMO_PASSWORD } from '../../domain/password-policy.ts'
import type { TokenPair } from '../../domain/token-pair.ts'
import { toUsernameKey } from '../../domain/username.ts'
import type { KnownUsers } from '../../ports/known-users.ts'
import type { Passwords } from '../../ports/passwords.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import type {
  DeviceProofs,
  FamiliarSignIns,
  HashUsername,
  LoginThrottle,
  SignInLimit,
} from '../../ports/sign-in-limits.ts'
import type { Log, Metrics } from '../../ports/telemetry.ts'
import type { User, Users } from '../../ports/users.ts'
import type { RecordLogin } from './record-login.ts'
import type { SignPair } from '../refresh/sign-pair.ts'

export type SignInResult =
  | {
      outcome: 'signed_in'
      pair: TokenPair
      user: Pick<User, 'id' | 'username' | 'role'>
      deviceProof: string
    }
  | { outcome: 'invalid_credentials' }
  | { outcome: 'rate_limited'; retryAfterSeconds: number }

type SignInRequest = Readonly<{
  username: string
  password: string
  context: RequestContext
  /** the proof that the device got at its last sign-in */
  deviceProof?: string | undefined
}>
export type SignIn = (request: SignInRequest) => Promise<SignInResult>

type SignInDeps = Readonly<{
  users: Pick<Users, 'findByName' | 'upgradePasswordHash'>
  passwords: Passwords
  throttle: LoginThrottle
  deviceProofs: DeviceProofs
  familiar: FamiliarSignIns
  signInLimit: SignInLimit
  tokenStore: Pick<TokenStore, 'issue' | 'revokeSession'>
  knownUsers: Pick<KnownUsers, 'remember'>
  signPair: SignPair
  recordLogin: RecordLogin
  hashUsername: HashUsername
  /** Starts the deadline for waiting in queues. */
  startDeadline: () => AbortSignal
  metrics: Metrics
  log: Log
  accessTtlSeconds: number
  /**
   * whether the published demo password works for the demo user, for requests from this machine
   */
  allowDemoPassword: boolean
}>

const DEMO_REFUSED =
  'Known demo password rejected, set DEMO_USER_PASSWORD: the request may come from another machine'

const HASH_UNREADABLE =
  'Stored password hash unreadable: it is not argon2id, set a new one with `npm run user -- set-password`'

/** The client id of all sessions: the front ends of the product itself. */
const CLIENT_ID = 'first-party'

/**
 * Opens a session. An unknown name, a wrong password and a disabled user get the same response
 * after the same work. Throws `CodedError` invalid_request or unavailable. An attempt that fails
 * because of an internal error does not count.
 */
export function createSignIn(deps: SignInDeps): SignIn {
  const {
    users,
    passwords,
    throttle,
    tokenStore,
    signPair,
    recordLogin,
    hashUsername,
    metrics,
    log,
  } = deps

  return async ({ username, password, context, deviceProof }) => {
    if (!username.isWellFormed() || !password.isWellFormed() || /\p{Cc}/u.test(username))
      throw new CodedError('invalid_request')
    const usernameKey = toUsernameKey(username)
    const login = { usernameHash: hashUsername(usernameKey), context }
    const deadline = deps.startDeadline()
    const device =
      deviceProof === undefined ? undefined : deps.deviceProofs.check(deviceProof, usernameKey)
    const attempt = { usernameKey, block: context.block }
    const place = { usernameHash: login.usernameHash, block: context.block }
    const turn = { deadline, first: device !== undefined || deps.familiar.has(place) }
    if (!turn.first && passwords.isBusy()) {
      // Refused before any work, so that a flood does not delay refreshes.
      metrics.loggedIn('unavailable')
      throw new CodedError('unavailable')
    }
    const taken = await throttle.take({ ...attempt, device }, deadline).catch((error: unknown) => {
      metrics.loggedIn('unavailable')
      throw error
    })
    if (!taken.allowed) {
      metrics.rateLimited(taken.limiter)
      // One row for each window, so that a flood does not fill the audit table.
      if (taken.isFirst) await recordLogin({ ...login, outcome: 'rate_limited' })
      else metrics.loggedIn('rate_limited')
      return { outcome: 'rate_limited', retryAfterSeconds: taken.retryAfterSeconds }
    }

    const { end } = taken
    try {
      const result = await check()
      endAttempt(result.outcome === 'invalid_credentials' ? 'wrong' : 'right')
      return result
    } catch (error) {
      metrics.loggedIn('unavailable')
      endAttempt('right')
      throw error
    }

    /** Not awaited: it may wait in a queue, and the response is already decided. */
    function endAttempt(outcome: 'right' | 'wrong'): void {
      end(outcome).catch((error: unknown) =>
        log.warn({ err: error }, 'Refunding a sign-in attempt failed'),
      )
    }

    async function check(): Promise<SignInResult> {
      const user = await users.findByName(usernameKey)
      const { matches, outdated, unreadable } = await passwords.verify(
        password,
        user?.passwordHash,
        turn,
      )
      if (user !== undefined && unreadable) log.error({ userId: user.id }, HASH_UNREADABLE)
      const fromElsewhere = user !== undefined && matches && isDemoFromElsewhere(user)
      if (fromElsewhere) log.warn({ userId: user.id }, DEMO_REFUSED)
      const refused = user === undefined || !matches || fromElsewhere
      if (refused) return refuse('invalid_credentials', user?.id)
      if (!user.active) return refuse('user_inactive', user.id)
      if (outdated && user.passwordHash !== undefined) await upgrade(user.id, user.passwordHash)

      // A right password is no guess, but each session leaves a row for days.
      const room = await deps.signInLimit.take(user.id)
      if (!room.allowed) {
        metrics.rateLimited('sign_in')
        metrics.loggedIn('rate_limited')
        return { outcome: 'rate_limited', retryAfterSeconds: room.retryAfterSeconds }
      }

      const issued = await tokenStore
        .issue({
          userId: user.id,
          userVersion: user.version,
          clientId: CLIENT_ID,
          context: { network: context.network, agent: context.agent },
          accessTtlSeconds: deps.accessTtlSeconds + ACCESS_TTL_MARGIN_SECONDS,
        })
        .catch(async (error: unknown) => {
          await deps.signInLimit.refund(user.id)
          throw error
        })
      if (issued.outcome === 'user_revoked') return refuse('invalid_credentials', user.id)

      deps.knownUsers.remember(user)
      const sessionId = issued.session.id
      try {
        const pair = await signPair({ session: issued.session, user, refreshToken: issued.token })
        await recordLogin({ ...login, outcome: 'succeeded', userId: user.id, sessionId })
        deps.familiar.add(place)
        return {
          outcome: 'signed_in',
          pair,
          user: { id: user.id, username: user.username, role: user.role },
          deviceProof: deps.deviceProofs.issue(usernameKey, device),
        }
      } catch (error) {
        // The client never gets this token. If the session stayed open, retries would reach the
        // limit of sessions and end those of other devices.
        await tokenStore
          .revokeSession({ sessionId, reason: 'logout' })
          .catch(() => log.warn({ sessionId }, 'Revoking the session of a failed sign-in failed'))
        throw error
      }
    }

    async function refuse(
      outcome: 'invalid_credentials' | 'user_inactive',
      userId: string | undefined,
    ): Promise<SignInResult> {
      await recordLogin({ ...login, outcome, ...(userId === undefined ? {} : { userId }) })
      return { outcome: 'invalid_credentials' }
    }

    function isDemoFromElsewhere(user: User): boolean {
      return (
        user.demo &&
        password === DEMO_PASSWORD &&
        !(deps.allowDemoPassword && context.straightFromLoopback)
      )
    }

    async function upgrade(userId: string, from: string): Promise<void> {
      try {
        await users.upgradePasswordHash(userId, {
          from,
          to: await passwords.hash(password, turn),
        })
      } catch (error) {
        log.warn({ err: error, userId }, 'Password hash upgrade failed: the next sign-in retries')
      }
    }
  }
}
