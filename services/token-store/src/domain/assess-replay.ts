import type { ClientContext } from '@auto-refresh/contracts'
import type { Session } from './session.ts'

/** A client that replays this many generations, with short gaps, and never rotates is a shadow. */
const SHADOW_STREAK = 3
/** After more generations than this without a replay from another network, a streak restarts. */
const STREAK_GAP = 8
/** A network that rotated at most this many generations ago belongs to a client with two networks. */
const FORMER_NETWORK_GENERATIONS = 16
/**
 * After this many events in a generation only replays that count are events: this bounds a caller
 * that changes its network with every request.
 */
const MAX_EVENTS = 4

export type Assessment = Readonly<{
  /** the session with the updated follower fields */
  session: Session
  event:
    | { type: 'session.replay-suspected.v1' | 'session.shadow-suspected.v1'; streak: number }
    | undefined
  /** `REPLAY_CONTEXT=strict` treats this replay as a reuse */
  isForeign: boolean
}>

/**
 * Compares the client that replays a token with the client that rotated it. A quick replay is not
 * excused: a thief can learn when the owner rotates.
 *
 * - Another user agent always counts, for the life of the session: one client has one user agent.
 * - Another network is excused if the request carries the Idempotency-Key of the rotation
 *   (`ownAttempt`), or if that network rotated this session recently (a client with two networks).
 *   Otherwise it counts until a rotation comes from that network.
 *
 * In each generation the first replay from a place (network and agent) is an event. An excused one
 * has streak 0.
 *
 * @param context network and user agent of the replay
 * @returns the session to store, the event to publish if any, and whether strict mode refuses it
 */
export function assessReplay(
  session: Session,
  context: ClientContext,
  ownAttempt: boolean,
): Assessment {
  const otherAgent = context.agent !== session.agent
  if (!otherAgent && context.network === session.network)
    return { session, event: undefined, isForeign: false }

  const excused = !otherAgent && (ownAttempt || rotatedLately(session, context.network))
  const next = excused
    ? session
    : { ...session, ...(otherAgent ? countAgent(session) : countNetwork(session, context.network)) }
  const streak = excused ? 0 : next.suspectStreak + next.agentFollows
  const counts =
    next.suspectGeneration !== session.suspectGeneration ||
    next.agentGeneration !== session.agentGeneration
  const isShadow = counts && streak >= SHADOW_STREAK
  const isForeign = otherAgent || isShadow

  const place = `${context.network} ${context.agent}`
  const published = session.notedGeneration === session.generation ? session.notedEvents : 0
  if (!counts && published > 0 && (session.notedPlace === place || published >= MAX_EVENTS))
    return { session: next, event: undefined, isForeign }
  const type =
    isShadow && streak % SHADOW_STREAK === 0
      ? 'session.shadow-suspected.v1'
      : 'session.replay-suspected.v1'
  const noted = {
    notedGeneration: session.generation,
    notedPlace: place,
    notedEvents: published + 1,
  }
  return { session: { ...next, ...noted }, event: { type, streak }, isForeign }
}

/**
 * Returns the follower fields that a rotation from `context` changes: a network that rotates is no
 * follower.
 */
export function rememberRotator(session: Session, context: ClientContext): Partial<Session> {
  const moved = context.network !== session.network
  const sameAgent = context.agent === session.agent
  return {
    ...(sameAgent ? {} : { formerNetwork: '', formerGeneration: -1 }),
    ...(sameAgent && moved
      ? { formerNetwork: session.network, formerGeneration: session.generation }
      : {}),
    ...(sameAgent && context.network === session.suspectNetwork
      ? { suspectStreak: Math.max(0, session.suspectStreak - session.suspectRun), suspectRun: 0 }
      : {}),
  }
}

function rotatedLately(session: Session, network: string): boolean {
  return (
    session.formerNetwork === network &&
    session.generation - session.formerGeneration <= FORMER_NETWORK_GENERATIONS
  )
}

/** Counts at most once per generation; the count never falls. */
function countAgent(session: Session): Partial<Session> {
  if (session.agentGeneration === session.generation) return {}
  return { agentGeneration: session.generation, agentFollows: session.agentFollows + 1 }
}

/**
 * Counts at most once per generation. Skipped generations and a change of network do not end a
 * streak. It ends after `STREAK_GAP` generations without a follower, or when the only network that
 * followed rotates. If two networks follow in one generation, `suspectNetwork` becomes '', so a
 * rotation from either does not reduce the streak.
 */
function countNetwork(session: Session, network: string): Partial<Session> {
  if (session.suspectGeneration === session.generation)
    return session.suspectNetwork === network ? {} : { suspectNetwork: '', suspectRun: 0 }
  const continues = session.generation - session.suspectGeneration <= STREAK_GAP
  return {
    suspectGeneration: session.generation,
    suspectStreak: continues ? session.suspectStreak + 1 : 1,
    suspectNetwork: network,
    suspectRun: continues && network === session.suspectNetwork ? session.suspectRun + 1 : 1,
  }
}
