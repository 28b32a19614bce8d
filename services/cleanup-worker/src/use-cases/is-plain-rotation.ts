import type { AnyEvent, EventOf } from '@auto-refresh/contracts'

export type Rotation = EventOf<'session.rotated.v1'>

/** The fields that have a column. */
const FIELDS = [
  'session_id',
  'session_seq',
  'user_id',
  'client_id',
  'generation',
  'network',
  'agent',
  'idle_until',
  'interval_seconds',
] as const satisfies readonly (keyof Rotation['data'])[]
/** `Date.toISOString`, which the view of the audit trail writes too. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/**
 * Whether an event is a rotation that the columns of a rotation hold without loss. A newer producer
 * may add fields, which are kept only with the whole data.
 */
export function isPlainRotation(event: AnyEvent): event is Rotation {
  if (event.type !== 'session.rotated.v1') return false
  const { data } = event
  return (
    event.key === data.session_id &&
    TIME.test(event.time) &&
    TIME.test(data.idle_until) &&
    Number.isSafeInteger(data.session_seq) &&
    Number.isSafeInteger(data.generation) &&
    Object.keys(data).length === FIELDS.length &&
    FIELDS.every((field) => data[field] !== undefined)
  )
}
