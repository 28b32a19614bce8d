import type { ClientBase } from 'pg'
import type { Change } from '../../domain/session.ts'
import { SESSION_COLUMNS, toSweepBucket } from './session-columns.ts'

const WRITTEN = SESSION_COLUMNS.filter(({ isFixed, name }) => !isFixed || name === 'id')
const CHANGING = WRITTEN.filter(({ isFixed }) => !isFixed)
/** The number of the first parameter of the events. */
const EVENTS_FROM = WRITTEN.length + 1
const EVENT_PARAMETERS = ['uuid', 'text', 'float8', 'jsonb', 'text']

/** Built once: a prepared statement must have the same text in every call. */
const TEXT = `
  with changed as (
    update token_store.sessions s set
      ${CHANGING.map(({ name, toColumn }) => `${name} = ${toColumn(`n.${name}`)}`).join(', ')},
      sweep_bucket = ${toSweepBucket('n.idle_until', 'n.access_expires_at')}
    from unnest(${WRITTEN.map(({ parameter }, i) => `$${i + 1}::${parameter}[]`).join(', ')})
      as n(${WRITTEN.map(({ name }) => name).join(', ')})
    where s.id = n.id
    returning s.id
  )
  insert into token_store.outbox (lane, session_id, type, occurred_at, body, traceparent)
  select token_store.lane_of(e.session_id), e.session_id, e.type,
    to_timestamp(e.occurred_at / 1000), e.body, e.traceparent
  from unnest(${EVENT_PARAMETERS.map((type, i) => `$${EVENTS_FROM + i}::${type}[]`).join(', ')})
    with ordinality as e(session_id, type, occurred_at, body, traceparent, position)
  join changed c on c.id = e.session_id
  order by e.position`

/**
 * Writes the new state of sessions that this transaction has locked, and their events, in one
 * statement. Events are inserted only for updated rows. Each session must be in `changes` at most
 * once; its events are in order.
 */
export async function applyChanges(client: ClientBase, changes: readonly Change[]): Promise<void> {
  const sessions = changes.map((change) => change.session)
  const events = changes.flatMap((change) => change.events)
  await client.query({
    name: 'apply-changes',
    text: TEXT,
    values: [
      ...WRITTEN.map(({ field }) => sessions.map((session) => session[field])),
      events.map((e) => e.sessionId),
      events.map((e) => e.type),
      events.map((e) => e.occurredAtMs),
      events.map((e) => JSON.stringify(e.data)),
      events.map((e) => e.traceparent ?? null),
    ],
  })
}
