import type { ClientBase } from 'pg'
import type { Change, Session } from '../../domain/session.ts'
import { SESSION_COLUMNS, SESSION_COLUMN_NAMES, toSweepBucket } from './session-columns.ts'

const PARAMETERS = new Map(
  SESSION_COLUMNS.map(({ field, parameter }, i) => [field, `$${i + 1}::${parameter}`]),
)
const at = (field: keyof Session) => PARAMETERS.get(field) ?? ''
/** The number of the first parameter of the events. */
const EVENTS_FROM = SESSION_COLUMNS.length + 1
const EVENT_PARAMETERS = ['text', 'jsonb', 'text']

/** Built once: a prepared statement must have the same text in every call. */
const TEXT = `
  with issued as (
    insert into token_store.sessions (${SESSION_COLUMN_NAMES}, sweep_bucket)
    values (
      ${SESSION_COLUMNS.map(({ field, toColumn }) => toColumn(at(field))).join(', ')},
      ${toSweepBucket(at('idleUntilMs'), at('accessExpiresAtMs'))}
    )
    returning id
  )
  insert into token_store.outbox (lane, session_id, type, occurred_at, body, traceparent)
  select token_store.lane_of(i.id), i.id, e.type,
    to_timestamp(${at('authenticatedAtMs')} / 1000), e.body, e.traceparent
  from issued i,
    unnest(${EVENT_PARAMETERS.map((type, i) => `$${EVENTS_FROM + i}::${type}[]`).join(', ')})
      as e(type, body, traceparent)`

/** Inserts a new session and its first event. */
export async function insertSession(
  client: ClientBase,
  { session, events }: Change,
): Promise<void> {
  await client.query({
    name: 'insert-session',
    text: TEXT,
    values: [
      ...SESSION_COLUMNS.map(({ field }) => session[field]),
      events.map((e) => e.type),
      events.map((e) => JSON.stringify(e.data)),
      events.map((e) => e.traceparent ?? null),
    ],
  })
}
