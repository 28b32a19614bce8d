import type { AnyEvent, EventData } from '@auto-refresh/contracts'
import type { About, Observation } from './observation.ts'
import { toSignInMember } from './sign-in-member.ts'

type Found = Pick<Observation, 'pattern' | 'subject' | 'member' | 'about'>

/**
 * Returns what an event counts towards patterns. Times later than `nowMs`, from a clock that is
 * ahead, become `nowMs`.
 */
export function toObservations(event: AnyEvent, nowMs: number): Observation[] {
  const { id: eventId, time, traceparent } = event
  const atMs = Math.min(Date.parse(time), nowMs)
  return toFound(event).map((found) => ({ ...found, atMs, eventId, traceparent }))
}

function toFound(event: AnyEvent): Found[] {
  switch (event.type) {
    case 'session.issued.v1': {
      const { user_id, session_id, network, agent } = event.data
      return [
        {
          pattern: 'session_burst',
          subject: user_id,
          member: session_id,
          about: { user_id, session_id, network, agent },
        },
      ]
    }
    case 'session.rotated.v1': {
      const { user_id, session_id, session_seq, network, agent } = event.data
      return [
        {
          pattern: 'refresh_velocity',
          subject: session_id,
          member: String(session_seq),
          about: { user_id, session_id, network, agent },
        },
      ]
    }
    case 'session.replay-suspected.v1':
      return toElsewhere(event.data)
    case 'session.shadow-suspected.v1': {
      const { session_id, session_seq } = event.data
      const about = toSides(event.data)
      return [
        { pattern: 'shadow', subject: session_id, member: String(session_seq), about },
        ...toElsewhere(event.data),
      ]
    }
    case 'session.reuse-detected.v1': {
      const { user_id, session_id, session_seq } = event.data
      const about = toSides(event.data)
      return [
        { pattern: 'reuse', subject: session_id, member: String(session_seq), about },
        { pattern: 'sign_in_after_reuse', subject: user_id, member: `reuse ${session_id}`, about },
      ]
    }
    case 'login.succeeded.v1': {
      const { user_id, username_hash, session_id, network, agent } = event.data
      const about = { user_id, username_hash, session_id, network, agent }
      return [
        {
          pattern: 'sign_in_after_reuse',
          subject: user_id,
          member: toSignInMember({ about, eventId: event.id, traceparent: event.traceparent }),
          about,
        },
      ]
    }
    case 'login.failed.v1': {
      const { username_hash, network, agent } = event.data
      if (!isKnown(network)) return []
      return [
        { pattern: 'spraying', subject: network, member: username_hash, about: { network, agent } },
        {
          pattern: 'stuffing',
          subject: username_hash,
          member: network,
          about: { username_hash, network, agent },
        },
      ]
    }
    case 'refresh.refused.v1': {
      const { session_id, network, agent } = event.data
      // without a session the token was made up, and each of those counts
      return isKnown(network)
        ? [
            {
              pattern: 'refusals',
              subject: network,
              member: session_id ?? event.id,
              about: { network, agent },
            },
          ]
        : []
    }
    case 'session.revoked.v1':
    case 'login.password-changed.v1':
    case 'session.expired.v1':
    case 'session.regression-detected.v1':
    case 'security.pattern-detected.v1':
      return []
    default:
      return event satisfies never
  }
}

/**
 * Only another user agent counts: a phone changes its network. A thief with the same agent becomes a
 * `shadow`.
 */
function toElsewhere(data: EventData<'session.replay-suspected.v1'>): Found[] {
  if (data.presented.agent === data.rotated.agent) return []
  return [
    {
      pattern: 'replay_elsewhere',
      subject: data.session_id,
      member: String(data.session_seq),
      about: toSides(data),
    },
  ]
}

/** Two clients have tokens of the session; the detection names the one that presented the old one. */
function toSides({
  user_id,
  session_id,
  rotated,
  presented,
}: Omit<EventData<'session.replay-suspected.v1'>, 'streak'>): About {
  const { network, agent } = presented
  return { user_id, session_id, network, agent, rotated, presented }
}

/** auth-api sends `unknown` if it does not know the network: those clients are not one attacker. */
function isKnown(network: string): boolean {
  return network !== 'unknown'
}
