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
  /** failures of a device that has signed in as this user before; no other limit holds for it */
  perDevice: Limiter
  /** beyond a limit: the pace at which each name can still be tried from an address */
  slowLane: Limiter
  /** beyond the limit of an address: the pace at which all names that are new there can be tried */
  strangers: Limiter
  /** one refusal a window is worth a record */
  told: Limiter
  /** whether that name was signed in from that address before */
  isFamiliar: (attempt: LoginAttempt) => Promise<boolean>
}>

type Point = {
  limiter: Limiter
  name: LoginLimiter | 'device' | 'slow_lane' | 'strangers'
  key: string
}
type Refused = { limiter: LoginLimiter; key: string; retryAfterSeconds: number }
type Tried =
  | { held: readonly Point[] }
  | { waitFor: readonly string[]; oneEnds: Promise<string | undefined> }
  | Refused

export const SLOW_LANE_SECONDS = 10

/**
 * Slows guessing by address, by name and by both, and locks out nobody. Beyond a limit each name
 * can be tried once in 10 s from each address, so a neighbour's guesses delay the owner of a name
 * and do not stop them. A device that has signed in as the user before has a limit of its own. Only
 * failures count: an attempt takes its points before any hashing, so that parallel ones count, and
 * gives them back when it was right. One that finds no room waits for those in flight to end.
 */
export function createLoginThrottle(deps: LoginThrottleDeps): LoginThrottle {
  const inFlight = createInFlight()
  // A point that is given back must not be missed by an attempt that is refused at the same moment.
  const oneByOne = createOneByOne()
  // Always in this order, so that no two attempts wait for each other.
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
   * Only one attempt was woken for the room at `wokenBy`. One that does not take it wakes the next,
   * or that waits in vain.
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
   * What else an attempt has to take where those limits are full. Where its owner has signed in
   * before, a name that is attacked elsewhere needs no lane.
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

  /** Takes from all at once, which is one trip to Redis, and returns those that are full. */
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

  async function refuse({ limiter, key, retryAfterSeconds }: Refused) {
    return {
      allowed: false as const,
      limiter,
      retryAfterSeconds,
      isFirst: (await deps.told.take(key)).allowed,
    }
  }
}

const toFlightKey = ({ name, key }: Point) => `${name} ${key}`

/** One line of IPv6 has 65,536 blocks of /64, so a lane is for their /48. */
const toLane = (block: string) => block.replace(/^((?:[^:]+:){3})[^:]+::\/64$/, '$1:/48')
