import { CodedError } from '@auto-refresh/contracts'
import { DEMO_PASSWORD } from '../../domain/password-policy.ts'
import type { TokenPair } from '../../domain/token-pair.ts'
import { toUsernameKey } from '../../domain/username.ts'
import type { Passwords } from '../../ports/passwords.ts'
import type { RequestContext } from '../../ports/request-context.ts'
import type {
  DeviceProofs,
  FamiliarSignIns,
  HashUsername,
  LoginThrottle,
} from '../../ports/sign-in-limits.ts'
import type { Log, Metrics } from '../../ports/telemetry.ts'
import type { User, Users } from '../../ports/users.ts'
import type { OpenSession } from './open-session.ts'
import type { RecordLogin } from './record-login.ts'

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
  openSession: OpenSession
  recordLogin: RecordLogin
  hashUsername: HashUsername
  /** Starts the deadline for waiting in queues. */
  startDeadline: () => AbortSignal
  metrics: Metrics
  log: Log
  /**
   * whether the published demo password works for the demo user, for requests from this machine
   */
  allowDemoPassword: boolean
}>

const DEMO_REFUSED =
  'Known demo password rejected, set DEMO_USER_PASSWORD: the request may come from another machine'

const HASH_UNREADABLE =
  'Stored password hash cannot be verified: set a new one with `npm run user -- set-password`'

const method = 'password' as const

/**
 * Opens a session. An unknown name, a wrong password and a disabled user get the same response
 * after the same work. Throws `CodedError` invalid_request or unavailable. An attempt that fails
 * because of an internal error does not count.
 */
export function createSignIn(deps: SignInDeps): SignIn {
  const { users, passwords, throttle, openSession, recordLogin, hashUsername, metrics, log } = deps

  return async ({ username, password, context, deviceProof }) => {
    if (!username.isWellFormed() || !password.isWellFormed() || /\p{Cc}/u.test(username))
      throw new CodedError('invalid_request')
    const usernameKey = toUsernameKey(username)
    const login = { method, usernameHash: hashUsername(usernameKey), context }
    const deadline = deps.startDeadline()
    const device =
      deviceProof === undefined ? undefined : deps.deviceProofs.check(deviceProof, usernameKey)
    const attempt = { usernameKey, block: context.block }
    const place = { usernameHash: login.usernameHash, block: context.block }
    const turn = { deadline, first: device !== undefined || deps.familiar.has(place) }
    if (!turn.first && passwords.isBusy()) {
      // Refused before any work, so that a flood does not delay refreshes.
      metrics.loggedIn('unavailable', method)
      throw new CodedError('unavailable')
    }
    const taken = await throttle.take({ ...attempt, device }, deadline).catch((error: unknown) => {
      metrics.loggedIn('unavailable', method)
      throw error
    })
    if (!taken.allowed) {
      metrics.rateLimited(taken.limiter)
      // One row for each window, so that a flood does not fill the audit table.
      if (taken.isFirst) await recordLogin({ ...login, outcome: 'rate_limited' })
      else metrics.loggedIn('rate_limited', method)
      return { outcome: 'rate_limited', retryAfterSeconds: taken.retryAfterSeconds }
    }

    const { end } = taken
    try {
      const result = await check()
      endAttempt(result.outcome === 'invalid_credentials' ? 'wrong' : 'right')
      return result
    } catch (error) {
      metrics.loggedIn('unavailable', method)
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
        { ...turn, dummyFor: login.usernameHash },
      )
      if (user !== undefined && unreadable) log.error({ userId: user.id }, HASH_UNREADABLE)
      const fromElsewhere = user !== undefined && matches && isDemoFromElsewhere(user)
      if (fromElsewhere) log.warn({ userId: user.id }, DEMO_REFUSED)
      const refused = user === undefined || !matches || fromElsewhere
      if (refused) return refuse(user?.id)
      if (outdated && user.active && user.passwordHash !== undefined)
        await upgrade(user.id, user.passwordHash)

      const opened = await openSession({ user, login })
      if (opened.outcome === 'rate_limited') return opened
      if (opened.outcome === 'user_inactive') return { outcome: 'invalid_credentials' }
      if (opened.outcome === 'user_revoked') return refuse(user.id)
      deps.familiar.add(place)
      return {
        outcome: 'signed_in',
        pair: opened.pair,
        user: { id: user.id, username: user.username, role: user.role },
        deviceProof: deps.deviceProofs.issue(usernameKey, device),
      }
    }

    async function refuse(userId: string | undefined): Promise<SignInResult> {
      const outcome = 'invalid_credentials'
      await recordLogin({ ...login, outcome, ...(userId === undefined ? {} : { userId }) })
      return { outcome }
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
