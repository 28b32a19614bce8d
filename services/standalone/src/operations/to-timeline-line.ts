import type { TimelineEntry } from '@auto-refresh/contracts'

type Side = NonNullable<TimelineEntry['rotated']>

/** One line of a timeline for a terminal: when, in which session, what, and from where. */
export function toTimelineLine(entry: TimelineEntry): string {
  const session = entry.session_id === undefined ? '' : `session ${entry.session_id}`
  const parts = [entry.at, session, describe(entry), toPlace(entry)].filter((part) => part !== '')
  // A thief chooses the user agent: it must not control the terminal.
  return parts.join('  ').replaceAll(/\p{Cc}/gu, '?')
}

function describe(entry: TimelineEntry): string {
  const { type, count = 0, generation = 0, last_generation: lastGeneration = generation } = entry
  switch (type) {
    case 'sign_in':
      return `sign-in ${entry.outcome ?? ''}${entry.method === undefined ? '' : ` (${entry.method})`}`
    case 'issued':
      return 'issued'
    case 'refreshed':
      return count === 1
        ? `refreshed, generation ${generation}`
        : `refreshed ${count} times until ${entry.last_at ?? entry.at}, generations ${generation} to ${lastGeneration}`
    case 'replayed':
      return `REPLAYED: ${describeSides(entry)}`
    case 'reused':
      return `REUSED, session ended: ${describeSides(entry)}`
    case 'regressed':
      return 'the database went back in time'
    case 'revoked':
      return `revoked: ${entry.reason ?? ''}${entry.actor === undefined ? '' : `, by ${entry.actor}`}`
    case 'expired':
      return `expired: ${entry.reason ?? ''}`
    case 'password_changed':
      return entry.method === 'reset' ? 'password set with a token' : 'password changed'
    case 'suspicious':
      return `SUSPICIOUS: ${entry.pattern ?? ''} (${entry.severity ?? ''}), count ${count}`
    case 'act':
      return `ACT of ${entry.actor ?? ''}${describeSubject(entry)}: ${entry.act ?? ''} ${JSON.stringify(entry.details ?? {})}`
    default:
      return type satisfies never
  }
}

/** The timeline of an administrator has what that user did to others. */
const describeSubject = ({ user_id: userId }: TimelineEntry) =>
  userId === undefined ? '' : ` on user ${userId}`
const describeSides = ({ rotated, presented }: TimelineEntry) =>
  [
    ...(rotated === undefined ? [] : [`last rotation ${describeSide(rotated)}`]),
    ...(presented === undefined ? [] : [`superseded token ${describeSide(presented)}`]),
  ].join('; ')
const describeSide = ({ generation, network, agent, at }: Side) =>
  `generation ${generation} from ${network} "${agent}" at ${at}`

/** Of a suspicious pattern the place is that of its last event. */
function toPlace({ address, network, agent }: TimelineEntry): string {
  const place = address ?? network
  if (place === undefined) return ''
  return `from ${place}${agent === undefined ? '' : ` "${agent}"`}`
}
