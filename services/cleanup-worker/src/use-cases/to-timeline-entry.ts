import { toSeverity, type Detection, type TimelineEntry } from '@auto-refresh/contracts'
import type { RotationRun, StoredEvent } from '../ports.ts'

/** Milliseconds suffice for a reader. */
export const toIso = (moment: string) => `${moment.slice(0, 23)}Z`

/** The timeline's entry of a group of refreshes. */
export const toRefreshedEntry = (run: RotationRun): TimelineEntry => ({
  type: 'refreshed',
  at: toIso(run.firstAt),
  user_id: run.userId,
  session_id: run.sessionId,
  network: run.network,
  agent: run.agent,
  generation: run.firstGeneration,
  count: run.count,
  last_at: toIso(run.lastAt),
  last_generation: run.lastGeneration,
})

/** A rotation that is stored as an event; `undefined` for every other event. */
export function toRun({ at, event }: StoredEvent): RotationRun | undefined {
  if (event.type !== 'session.rotated.v1') return undefined
  const { session_id, user_id, network, agent, session_seq, generation } = event.data
  return {
    sessionId: session_id,
    userId: user_id,
    network,
    agent,
    count: 1,
    firstAt: at,
    lastAt: at,
    firstSeq: session_seq,
    lastSeq: session_seq,
    firstGeneration: generation,
    lastGeneration: generation,
  }
}

/** The timeline's entry of an event; `undefined` for events that it does not show. */
export function toTimelineEntry({ eventId, at, event }: StoredEvent): TimelineEntry | undefined {
  const entry = { at: toIso(at), event_id: eventId }
  switch (event.type) {
    case 'session.issued.v1': {
      const { network, agent } = event.data
      return { ...entry, type: 'issued', ...toSession(event.data), network, agent }
    }
    case 'session.replay-suspected.v1':
    case 'session.shadow-suspected.v1': {
      const { rotated, presented, streak } = event.data
      return { ...entry, type: 'replayed', ...toSession(event.data), rotated, presented, streak }
    }
    case 'session.reuse-detected.v1': {
      const { rotated, presented } = event.data
      return { ...entry, type: 'reused', ...toSession(event.data), rotated, presented }
    }
    case 'session.regression-detected.v1':
      return { ...entry, type: 'regressed', ...toSession(event.data) }
    case 'session.revoked.v1': {
      const { reason, actor } = event.data
      const by = actor === undefined ? {} : { actor }
      return { ...entry, type: 'revoked', ...toSession(event.data), reason, ...by }
    }
    case 'session.expired.v1':
      return { ...entry, type: 'expired', ...toSession(event.data), reason: event.data.reason }
    case 'security.pattern-detected.v1': {
      const { pattern, ...data } = event.data
      const severity = toSeverity(pattern)
      return { ...entry, type: 'suspicious', pattern, severity, ...toSubject(data) }
    }
    case 'login.password-changed.v1': {
      const { user_id, session_id, method, network, agent } = event.data
      const session = session_id === undefined ? {} : { session_id }
      return { ...entry, type: 'password_changed', user_id, ...session, method, network, agent }
    }
    case 'session.rotated.v1':
    case 'login.succeeded.v1':
    case 'login.failed.v1':
    case 'refresh.refused.v1':
      return undefined
    default:
      // A newer release has stored it; this one runs again after a roll-back.
      event satisfies never
      return undefined
  }
}

/** The detection of a reuse or of a suspicious pattern; `undefined` for every other event. */
export function toDetection({ eventId: id, at, event }: StoredEvent): Detection | undefined {
  if (event.type === 'session.reuse-detected.v1') {
    const { session_id, user_id, rotated, presented } = event.data
    const time = toIso(at)
    return {
      id,
      at: time,
      type: 'reuse',
      severity: toSeverity('reuse'),
      user_id,
      session_id,
      network: presented.network,
      agent: presented.agent,
      rotated,
      presented,
      count: 1,
      first_at: time,
      last_at: time,
      last_event_id: id,
    }
  }
  if (event.type !== 'security.pattern-detected.v1') return undefined
  const { pattern, first_at, last_at, last_event_id, username_hash } = event.data
  return {
    id,
    at: toIso(at),
    type: pattern,
    severity: toSeverity(pattern),
    ...toSubject(event.data),
    ...(username_hash === undefined ? {} : { username_hash }),
    first_at,
    last_at,
    last_event_id,
  }
}

type Suspicious = Extract<StoredEvent['event'], { type: 'security.pattern-detected.v1' }>['data']
function toSubject(data: Omit<Suspicious, 'pattern'>) {
  const { session_id, user_id, network, agent, rotated, presented, count } = data
  return {
    ...(user_id === undefined ? {} : { user_id }),
    ...(session_id === undefined ? {} : { session_id }),
    ...(network === undefined ? {} : { network }),
    ...(agent === undefined ? {} : { agent }),
    ...(rotated === undefined ? {} : { rotated }),
    ...(presented === undefined ? {} : { presented }),
    count,
  }
}

const toSession = (data: { session_id: string; user_id: string; generation: number }) => ({
  user_id: data.user_id,
  session_id: data.session_id,
  generation: data.generation,
})
