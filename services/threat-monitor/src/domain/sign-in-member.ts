import type { About, Observation } from './observation.ts'

/** What a detection says of the event that it is about. */
export type Told = Readonly<{ about: About; eventId: string; traceparent?: string }>

/** Entries that begin otherwise, also those of an older release, are none. */
const PREFIX = 'signed-in '

/**
 * A sign-in as it is counted, the same each time it is told. It holds all that is to be said of it:
 * the reuse before it comes on another topic, and may be handled after it.
 */
export function toSignInMember({
  about,
  eventId,
  traceparent,
}: Pick<Observation, 'about' | 'eventId' | 'traceparent'>): string {
  return (
    PREFIX + JSON.stringify({ about, eventId, traceparent } satisfies Record<keyof Told, unknown>)
  )
}

export function parseSignInMember(member: string): Told | undefined {
  if (!member.startsWith(PREFIX)) return undefined
  return JSON.parse(member.slice(PREFIX.length)) as Told
}
