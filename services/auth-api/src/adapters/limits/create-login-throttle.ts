import { CodedError } from '@auto-refresh/contracts'
import type { LoginAttempt, LoginLimiter, LoginThrottle } from '../../ports.ts'
import type { Limiter } from './create-bounded-limiter.ts'
import { createInFlight } from './create-in-flight.ts'
import { toAddressBlock } from './to-address-block.ts'

export type LoginThrottleDeps = Readonly<{
  /** failures of a name from an address */
  perPair: Limiter
  /** failures from an address */
  perAddress: Limiter
  /** failures of a name, from anywhere */
  perAccount: Limiter
  /** the pace at which an account over its limit may still be tried */
  slowLane: Limiter
  /** one refusal a window is worth a record */
  told: Limiter
  /** runs one piece of work after the other: nothing is refused for the room that was just given back */
  oneByOne: <T>(work: () => Promise<T>) => Promise<T>
  /** whether that name was signed in from that address before */
  isFamiliar: (attempt: LoginAttempt) => Promise<boolean>
  /** monotonic */
  nowMs: () => number
}>

type Holding = { limiter: Limiter; key: string; of: string }
type Held = { held: Holding[] }
/** `oneEnds`: there are attempts in flight whose end may make room. */
type Refused = { limiter: LoginLimiter; key: string; retryAfterSeconds: number; oneEnds: Promise<void> | undefined }

export const SLOW_LANE_SECONDS = 10

/** Every request is answered within 3 s, and there is the password still to check. */
const LONGEST_WAIT_MS = 1_500

/**
 * Slows guessing down by address, by name and by both. A name under attack is never locked: it can be tried at a slow pace,
 * and at any pace from where its owner has signed in before. Only failures count: an attempt is taken before any hashing, so
 * that parallel ones count, and given back when it was right; one that finds no room waits for those in flight to end.
 */
export function createLoginThrottle(deps: LoginThrottleDeps): LoginThrottle {
  const inFlight = createInFlight()
  const { oneByOne } = deps

  return {
    async take(attempt) {
      const deadlineMs = deps.nowMs() + LONGEST_WAIT_MS
      for (let isFamiliar = false; ; ) {
        const tried = await oneByOne(() => tryOnce(attempt, isFamiliar))
        if ('held' in tried) return { allowed: true, end: (outcome) => oneByOne(() => end(tried.held, outcome)) }
        if (tried.limiter === 'login_account' && !isFamiliar && (await deps.isFamiliar(attempt))) {
          isFamiliar = true
          continue
        }
        if (tried.oneEnds === undefined) return refuse(tried)
        if (deps.nowMs() > deadlineMs) throw new CodedError('unavailable')
        await tried.oneEnds
      }
    },
  }

  async function tryOnce(attempt: LoginAttempt, isFamiliar: boolean): Promise<Held | Refused> {
    const keys = toKeys(attempt)
    const held: Holding[] = []
    for (const [name, limiter] of [['login_ip', deps.perAddress], ['login', deps.perPair], ['login_account', deps.perAccount]] as const) {
      const key = keys[name]
      const taken = await limiter.take(key)
      if (taken.allowed) held.push({ limiter, key: `${name} ${key}`, of: key })
      else if (name !== 'login_account' || (!isFamiliar && !(await deps.slowLane.take(key)).allowed)) {
        await Promise.all(held.map((one) => one.limiter.giveBack(one.of)))
        const retryAfterSeconds = name === 'login_account' ? SLOW_LANE_SECONDS : taken.retryAfterSeconds
        return { limiter: name, key: `${name} ${key}`, retryAfterSeconds, oneEnds: inFlight.next(`${name} ${key}`) }
      }
    }
    for (const { key } of held) inFlight.begin(key)
    return { held }
  }

  async function end(held: readonly Holding[], outcome: 'right' | 'wrong'): Promise<void> {
    if (outcome === 'right') await Promise.all(held.map((one) => one.limiter.giveBack(one.of)))
    for (const { key } of held) inFlight.end(key)
  }

  async function refuse({ limiter, key, retryAfterSeconds }: Refused) {
    return { allowed: false as const, limiter, retryAfterSeconds, isFirst: (await deps.told.take(key)).allowed }
  }
}

function toKeys({ usernameKey, address }: LoginAttempt): Record<LoginLimiter, string> {
  const block = toAddressBlock(address) ?? 'unknown'
  return { login_ip: block, login: `${block} ${usernameKey}`, login_account: usernameKey }
}
