import type { ClientContext } from '@auto-refresh/contracts'
import type { Session } from './session.ts'

/** Generations in a row that one who never rotates has followed: a shadow. */
const SHADOW_STREAK = 3
/** Generations without a follower after which a streak of other networks starts again. */
const STREAK_GAP = 8
/** A network that rotated at most this many generations ago belongs to a client with two. */
const FORMER_LASTS = 16
/** Bounds the events of a caller who changes its place with every request. */
const MOST_EVENTS = 4

export type Assessment = Readonly<{
  /** the session with what is remembered of the follower */
  session: Session
  event:
    | { type: 'session.replay-suspected.v1' | 'session.shadow-suspected.v1'; streak: number }
    | undefined
  /** what `REPLAY_CONTEXT=strict` does not serve */
  isForeign: boolean
}>

/**
 * Who replays. No replay is excused for being quick: a thief learns when the owner rotates.
 *
 * - One client has one user agent. Another agent than that of the rotation counts for the life of
 *   the session.
 * - Another network is excused where the caller knows the key of the attempt, and where it rotated
 *   this session lately
 *   (two networks at once). It counts otherwise, until a rotation comes from there.
 *
 * The first replay from a place is an event in each generation. One that counts for nothing has the
 * streak 0.
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
  const told = session.notedGeneration === session.generation ? session.notedEvents : 0
  if (!counts && told > 0 && (session.notedPlace === place || told >= MOST_EVENTS))
    return { session: next, event: undefined, isForeign }
  const type =
    isShadow && streak % SHADOW_STREAK === 0
      ? 'session.shadow-suspected.v1'
      : 'session.replay-suspected.v1'
  const noted = { notedGeneration: session.generation, notedPlace: place, notedEvents: told + 1 }
  return { session: { ...next, ...noted }, event: { type, streak }, isForeign }
}

/** What a rotation changes in the memory of followers: a network that rotates is no follower. */
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
    session.generation - session.formerGeneration <= FORMER_LASTS
  )
}

/** Once a generation, for the life of the session. */
function countAgent(session: Session): Partial<Session> {
  if (session.agentGeneration === session.generation) return {}
  return { agentGeneration: session.generation, agentFollows: session.agentFollows + 1 }
}

/**
 * Once a generation. A skipped generation does not end a streak, nor does another network: only
 * many generations without a follower, or a rotation from the one network that followed. Where two
 * have followed in a generation, neither takes it back.
 */
function countNetwork(session: Session, network: string): Partial<Session> {
  if (session.suspectGeneration === session.generation)
    return session.suspectNetwork === network ? {} : { suspectNetwork: '', suspectRun: 0 }
  const goesOn = session.generation - session.suspectGeneration <= STREAK_GAP
  return {
    suspectGeneration: session.generation,
    suspectStreak: goesOn ? session.suspectStreak + 1 : 1,
    suspectNetwork: network,
    suspectRun: goesOn && network === session.suspectNetwork ? session.suspectRun + 1 : 1,
  }
}
