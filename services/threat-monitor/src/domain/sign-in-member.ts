import type { About, Observation } from './observation.ts'

/** The event that a detection is about. */
export type Evidence = Readonly<{ about: About; eventId: string; traceparent?: string }>

/** Entries with another prefix, also those of an older release, are no sign-ins. */
const PREFIX = 'signed-in '

/**
 * Encodes a sign-in as a member of a window, equal for every delivery. It contains all the evidence,
 * because the earlier reuse comes on another topic and may be handled later.
 */
export function toSignInMember({
  about,
  eventId,
  traceparent,
}: Pick<Observation, 'about' | 'eventId' | 'traceparent'>): string {
  return (
    PREFIX +
    JSON.stringify({ about, eventId, traceparent } satisfies Record<keyof Evidence, unknown>)
  )
}

/** Decodes such a member; `undefined` if it is no sign-in. */
export function parseSignInMember(member: string): Evidence | undefined {
  if (!member.startsWith(PREFIX)) return undefined
  return JSON.parse(member.slice(PREFIX.length)) as Evidence
}
