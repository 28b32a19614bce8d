import { toSeverity, type Severity } from '@auto-refresh/contracts'
import type { DetectionEvent } from '../../domain/to-detection-event.ts'

type Data = DetectionEvent['data']
type Side = NonNullable<Data['rotated']>

/**
 * Describes a detection for a person: how soon to act, one text that a chat shows, and a link to the
 * page of the session, or of the user.
 */
export function describeDetection(
  data: Data,
  consoleUrl: string | undefined,
): { severity: Severity; text: string; link?: string } {
  const severity = toSeverity(data.pattern)
  const link = consoleUrl === undefined ? undefined : toLink(data, consoleUrl)
  const { rotated, presented } = data
  const sides =
    rotated === undefined || presented === undefined
      ? []
      : [
          `Last rotation: generation ${rotated.generation} from ${describeSide(rotated)}`,
          `Superseded token: generation ${presented.generation} from ${describeSide(presented)}`,
        ]
  const lines = [
    `[${severity}] ${summarize(data)}`,
    ...sides,
    ...(link === undefined ? [] : [link]),
  ]
  return { severity, text: lines.join('\n'), ...(link === undefined ? {} : { link }) }
}

function summarize(data: Data): string {
  const session = `session ${data.session_id ?? 'unknown'} of user ${data.user_id ?? 'unknown'}`
  const user = `User ${data.user_id ?? 'unknown'}`
  const network = data.network ?? 'an unknown network'
  const within = `within ${data.window_seconds} s`
  switch (data.pattern) {
    case 'reuse':
      return `A superseded refresh token was used: ${session} has ended, two clients hold its tokens`
    case 'shadow':
      return `A client that never rotates follows ${session}: it may be a thief`
    case 'sign_in_after_reuse':
      return `${user} signed in after a reuse from ${network}: the owner, or a thief with the password`
    case 'replay_elsewhere':
      return `Another user agent replayed a superseded token of ${session}`
    case 'refresh_velocity':
      return `${data.count} refreshes ${within} in ${session}`
    case 'spraying':
      return `Sign-ins under ${data.count} names failed ${within} from ${network}`
    case 'stuffing':
      return `Sign-ins under one name (${data.username_hash ?? 'unknown'}) failed ${within} from ${data.count} networks`
    case 'refusals':
      return `Refresh tokens of ${data.count} sessions were refused ${within} from ${network}`
    case 'session_burst':
      return `${user} opened ${data.count} sessions ${within}`
    default:
      data.pattern satisfies never
      return `Suspicious pattern ${String(data.pattern)}`
  }
}

const describeSide = ({ network, agent, at }: Side) =>
  `${network}, "${toPlainText(agent)}", at ${at}`

/** A thief chooses the user agent: it must not become a link or a mention in a chat, which links `www.evil.example` too. */
const toPlainText = (agent: string) =>
  agent
    .replaceAll(/[^\w ./();,-]/g, '')
    .replaceAll('//', '')
    .replaceAll(/\.(?=[a-z])/gi, '·')
    .slice(0, 80)

function toLink({ session_id, user_id }: Data, consoleUrl: string): string | undefined {
  const base = consoleUrl.replace(/\/+$/, '')
  if (session_id !== undefined) return `${base}/sessions/${session_id}`
  return user_id === undefined ? undefined : `${base}/users/${user_id}`
}
