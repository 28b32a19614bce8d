import { CodedError } from '@auto-refresh/contracts'
import type { LoginAttempt, LoginLimiter, LoginThrottle } from '../../ports.ts'
import type { Limiter } from './create-bounded-limiter.ts'
import { createInFlight } from './create-in-flight.ts'
import { createOneByOne } from './create-one-by-one.ts'

export type LoginThrottleDeps = Readonly<{
  /** failures of a name from an address */
  perPair: Limiter
  /** failures from an address */
  perAddress: Limiter
  /** failures of a name, from anywhere */
  perAccount: Limiter
  /** the pace at which an account over its limit may still be tried from an address */
  slowLane: Limiter
  /** one refusal a window is worth a record */
  told: Limiter
  /** whether that name was signed in from that address before */
  isFamiliar: (attempt: LoginAttempt) => Promise<boolean>
}>

type Holding = { limiter: Limiter; key: string; of: string }
type Held = { held: Holding[] }
/** `oneEnds`: there are attempts in flight whose end may make room. */
type Refused = { limiter: LoginLimiter; key: string; retryAfterSeconds: number; oneEnds: Promise<void> | undefined }

export const SLOW_LANE_SECONDS = 10

/**
 * Slows guessing down by address, by name and by both. A name under attack is never locked: every address can try it at a slow
 * pace of its own, which nobody elsewhere can use up, and at any pace from where its owner has signed in before. Only failures
 * count: an attempt is taken before any hashing, so that parallel ones count, and given back when it was right; one that finds
 * no room waits for those in flight to end.
 */
export function createLoginThrottle(deps: LoginThrottleDeps): LoginThrottle {
  const inFlight = createInFlight()
  // By key: nothing is refused for the room just given back, and no user waits for the Redis trips of others.
  const oneByOne = createOneByOne()

  return {
    async take(attempt, patience) {
      const outOfPatience = toRejection(patience)
      for (let isFamiliar = false; ; ) {
        const tried = await tryOnce(attempt, isFamiliar, patience)
        if ('held' in tried) return { allowed: true, end: (outcome) => end(tried.held, outcome) }
        if (tried.limiter === 'login_account' && !isFamiliar && (await deps.isFamiliar(attempt))) {
          isFamiliar = true
          continue
        }
        if (tried.oneEnds === undefined) return refuse(tried)
        await Promise.race([tried.oneEnds, outOfPatience])
      }
    },
  }

  async function tryOnce(
    attempt: LoginAttempt,
    isFamiliar: boolean,
    patience: AbortSignal,
  ): Promise<Held | Refused> {
    const keys = toKeys(attempt)
    const held: Holding[] = []
    try {
      for (const [name, limiter] of inOrder(deps)) {
        const key = `${name} ${keys[name]}`
        const refused = await oneByOne(key, async (): Promise<Refused | undefined> => {
          // An attempt that ran out of patience in the queue costs the others no trip to Redis.
          if (patience.aborted) throw new CodedError('unavailable')
          const taken = await limiter.take(keys[name])
          if (taken.allowed) {
            inFlight.begin(key)
            held.push({ limiter, key, of: keys[name] })
            return undefined
          }
          const isAccount = name === 'login_account'
          if (isAccount && (isFamiliar || (await deps.slowLane.take(keys.login)).allowed)) return undefined
          const retryAfterSeconds = isAccount ? SLOW_LANE_SECONDS : taken.retryAfterSeconds
          return { limiter: name, key, retryAfterSeconds, oneEnds: inFlight.next(key, patience) }
        })
        if (refused !== undefined) {
          await end(held, 'right')
          return refused
        }
      }
      return { held }
    } catch (error) {
      await end(held, 'right')
      throw error
    }
  }

  async function end(held: readonly Holding[], outcome: 'right' | 'wrong'): Promise<void> {
    await Promise.all(held.map((one) => oneByOne(one.key, () => endOne(one, outcome))))
  }

  async function endOne({ limiter, key, of }: Holding, outcome: 'right' | 'wrong'): Promise<void> {
    try {
      if (outcome === 'right') await limiter.giveBack(of)
    } finally {
      inFlight.end(key, { madeRoom: outcome === 'right' })
    }
  }

  async function refuse({ limiter, key, retryAfterSeconds }: Refused) {
    return { allowed: false as const, limiter, retryAfterSeconds, isFirst: (await deps.told.take(key)).allowed }
  }
}

function inOrder({ perAddress, perPair, perAccount }: LoginThrottleDeps) {
  return [['login_ip', perAddress], ['login', perPair], ['login_account', perAccount]] as const
}

function toRejection(patience: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  const giveUp = () => reject(new CodedError('unavailable'))
  if (patience.aborted) giveUp()
  else patience.addEventListener('abort', giveUp, { once: true })
  // most never wait for it
  promise.catch(() => {})
  return promise
}

function toKeys({ usernameKey, block }: LoginAttempt): Record<LoginLimiter, string> {
  return { login_ip: block, login: `${block} ${usernameKey}`, login_account: usernameKey }
}
