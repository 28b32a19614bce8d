import { CodedError } from '@auto-refresh/contracts'
import type { LoginAttempt, LoginLimiter, LoginThrottle } from '../../ports/sign-in-limits.ts'
import type { Limiter } from './create-bounded-limiter.ts'
import { createInFlight } from './create-in-flight.ts'
import { createOneByOne } from './create-one-by-one.ts'

type LoginThrottleDeps = Readonly<{
  /** failures of a name from an address */
  perPair: Limiter
  /** failures from an address */
  perAddress: Limiter
  /** failures of a name, from anywhere */
  perAccount: Limiter
  /** failures of a known device of this user; the other limits do not apply to it */
  perDevice: Limiter
  /** beyond a limit: attempts for one name from one address */
  slowLane: Limiter
  /** beyond the limit of an address: attempts for all names that are new there, together */
  strangers: Limiter
  /** allows one audit record of a refusal in each window */
  recorded: Limiter
  /** whether this name has signed in from this address before */
  isFamiliar: (attempt: LoginAttempt) => Promise<boolean>
}>

type Point = {
  limiter: Limiter
  name: LoginLimiter | 'device' | 'slow_lane' | 'strangers'
  key: string
}
type Rejection = { limiter: LoginLimiter; key: string; retryAfterSeconds: number }
type Tried =
  | { held: readonly Point[] }
  | { waitFor: readonly string[]; oneEnds: Promise<string | undefined> }
  | Rejection

export const SLOW_LANE_SECONDS = 10

/**
 * Limits guesses by address, by name and by both, without locking anyone out. Beyond a limit each
 * name can still be tried once in 10 s from each address, so a neighbour's guesses delay the owner
 * of a name but never block them. A known device has its own limit.
 *
 * Only failures count. An attempt takes its points before any hashing, so that parallel attempts
 * count, and refunds them when the password was right. An attempt without room waits for those in
 * flight.
 */
export function createLoginThrottle(deps: LoginThrottleDeps): LoginThrottle {
  const inFlight = createInFlight()
  // Otherwise an attempt could be refused while a point is being refunded.
  const oneByOne = createOneByOne()
  // Always in this order, so that two attempts never wait for each other.
  const serially = <T>({ block, usernameKey }: LoginAttempt, work: () => Promise<T>): Promise<T> =>
    oneByOne(`address ${block}`, () => oneByOne(`name ${usernameKey}`, work))

  return {
    async take(attempt, deadline) {
      let wokenBy: string | undefined
      for (;;) {
        const tried = await serially(attempt, () => tryWoken(attempt, deadline, wokenBy))
        if ('held' in tried)
          return {
            allowed: true,
            end: (outcome) => serially(attempt, () => end(tried.held, outcome)),
          }
        if ('limiter' in tried) return refuse(tried)
        wokenBy = await tried.oneEnds
      }
    },
  }

  /**
   * Only this attempt was woken for the room at the key `wokenBy`. If it does not use the room, it
   * wakes the next attempt.
   */
  async function tryWoken(
    attempt: LoginAttempt,
    deadline: AbortSignal,
    wokenBy: string | undefined,
  ): Promise<Tried> {
    let used: readonly string[] = []
    try {
      if (deadline.aborted) throw new CodedError('unavailable')
      const tried = await tryOnce(attempt, deadline)
      if ('held' in tried) used = tried.held.map(toFlightKey)
      if ('waitFor' in tried) used = tried.waitFor
      return tried
    } finally {
      if (wokenBy !== undefined && !used.includes(wokenBy)) inFlight.pass(wokenBy)
    }
  }

  async function tryOnce(attempt: LoginAttempt, deadline: AbortSignal): Promise<Tried> {
    const points = toPoints(attempt)
    const full = await takeAll(points)
    if (full.length === 0) return hold(points)
    const held = points.filter((point) => !full.includes(point))
    const lanes = await findLanes(attempt, full).catch(async (error: unknown) => {
      await refund(held)
      throw error
    })
    const fullLanes = await takeAll(lanes)
    if (fullLanes.length === 0) return hold([...held, ...lanes])

    await refund([...held, ...lanes.filter((lane) => !fullLanes.includes(lane))])
    const waitFor = [...full, ...fullLanes].map(toFlightKey).filter(inFlight.has)
    if (waitFor.length > 0) return { waitFor, oneEnds: inFlight.next(waitFor, deadline) }
    const limiter = full
      .map(({ name }) => name)
      .find((name) => name !== 'device' && name !== 'slow_lane' && name !== 'strangers')
    return {
      limiter: limiter ?? 'login',
      key: full.map(toFlightKey).join(),
      retryAfterSeconds: SLOW_LANE_SECONDS,
    }
  }

  function toPoints({ usernameKey, block, device }: LoginAttempt): Point[] {
    if (device !== undefined)
      return [{ limiter: deps.perDevice, name: 'device', key: `${device} ${usernameKey}` }]
    return [
      { limiter: deps.perAddress, name: 'login_ip', key: block },
      { limiter: deps.perPair, name: 'login', key: `${block} ${usernameKey}` },
      { limiter: deps.perAccount, name: 'login_account', key: usernameKey },
    ]
  }

  /**
   * Returns the further limits for an attempt beyond the limits in `full`. A name that is attacked
   * from elsewhere needs none at an address where its owner has signed in before.
   */
  async function findLanes(attempt: LoginAttempt, full: readonly Point[]): Promise<Point[]> {
    const isFull = (name: Point['name']) => full.some((point) => point.name === name)
    const slowLane: Point = {
      limiter: deps.slowLane,
      name: 'slow_lane',
      key: `${toLane(attempt.block)} ${attempt.usernameKey}`,
    }
    if (isFull('device') || (isFull('login') && !isFull('login_ip'))) return [slowLane]
    const isFamiliar = await deps.isFamiliar(attempt)
    if (isFamiliar) return full.every(({ name }) => name === 'login_account') ? [] : [slowLane]
    return isFull('login_ip')
      ? [slowLane, { limiter: deps.strangers, name: 'strangers', key: attempt.block }]
      : [slowLane]
  }

  /** Takes all points at once (one round trip to Redis). Returns those without room. */
  async function takeAll(points: readonly Point[]): Promise<Point[]> {
    const taken = await Promise.all(points.map(({ limiter, key }) => limiter.take(key)))
    return points.filter((_, i) => taken[i]?.allowed === false)
  }

  async function refund(points: readonly Point[]): Promise<void> {
    await Promise.all(points.map(({ limiter, key }) => limiter.refund(key)))
  }

  function hold(held: readonly Point[]): { held: readonly Point[] } {
    for (const point of held) inFlight.begin(toFlightKey(point))
    return { held }
  }

  async function end(held: readonly Point[], outcome: 'right' | 'wrong'): Promise<void> {
    const room = outcome === 'right'
    if (room) await refund(held)
    for (const point of held) inFlight.end(toFlightKey(point), { room })
  }

  async function refuse({ limiter, key, retryAfterSeconds }: Rejection) {
    return {
      allowed: false as const,
      limiter,
      retryAfterSeconds,
      isFirst: (await deps.recorded.take(key)).allowed,
    }
  }
}

const toFlightKey = ({ name, key }: Point) => `${name} ${key}`

/** One IPv6 line often has 65,536 blocks of /64, so a lane is for their /48. */
const toLane = (block: string) => block.replace(/^((?:[^:]+:){3})[^:]+::\/64$/, '$1:/48')
