import type { AnyEvent } from '@auto-refresh/contracts'
import type { Entry } from './log.ts'

const ENDED = {
  logout: 'signed out',
  logout_all: 'signed out everywhere',
  user_disabled: 'the user was disabled',
  password_changed: 'the password was changed',
  admin: 'ended by an operator',
  limit: 'too many sessions, this one was unused longest',
  reuse: 'a used refresh token was presented again',
}

/** Describes a server event in a sentence. Unknown types are shown by name. */
export function describeEvent(
  { type, data }: Pick<AnyEvent, 'type' | 'data'>,
  ownSessionId: string | undefined,
): Pick<Entry, 'text' | 'grave'> {
  const event = { type, data } as AnyEvent
  const whose =
    'session_id' in data && data.session_id === ownSessionId
      ? 'This session'
      : 'Another session of yours'
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- default: a new type by name
  switch (event.type) {
    case 'session.issued.v1':
      return { text: `${whose} started from ${event.data.network}.` }
    case 'session.rotated.v1':
      return { text: `${whose} was refreshed to generation ${event.data.generation}.` }
    case 'session.reuse-detected.v1':
      return {
        text:
          `A used refresh token (generation ${event.data.presented.generation}) was presented again: ` +
          `${lower(whose)} was ended, for the thief and for you.`,
        grave: true,
      }
    case 'session.revoked.v1':
      return { text: `${whose} was ended: ${ENDED[event.data.reason]}.` }
    case 'session.expired.v1':
      return { text: `${whose} expired.` }
    case 'session.replay-suspected.v1':
      if (event.data.streak === 0) return { text: `${whose} was used from two networks at once.` }
      return { text: `Two clients seem to hold the token of ${lower(whose)}.`, grave: true }
    case 'session.shadow-suspected.v1':
      return { text: `Two clients seem to hold the token of ${lower(whose)}.`, grave: true }
    case 'security.pattern-detected.v1':
      return {
        text: `Suspicious pattern detected: ${event.data.pattern.replaceAll('_', ' ')}.`,
        grave: true,
      }
    default:
      return { text: `Server event ${event.type}.` }
  }
}

const lower = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)
