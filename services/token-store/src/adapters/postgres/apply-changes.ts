import type { ClientBase, QueryConfig } from 'pg'
import type { Change, Session } from '../../domain/session.ts'
import { SESSION_COLUMNS, toSweepBucket, type SessionColumn } from './session-columns.ts'

type Statement = Readonly<{ name: string; columns: readonly SessionColumn[]; text: string }>

const ID = SESSION_COLUMNS.filter(({ field }) => field === 'id')
const ROTATING = SESSION_COLUMNS.filter(({ role }) => role === 'rotating')
const RARE = SESSION_COLUMNS.filter(({ role }) => role === 'rare')
const EVENT_PARAMETERS = ['text', 'float8', 'jsonb', 'text']

// Built once: a prepared statement must have the same text in every call. At one session, a
// statement over arrays costs Postgres twice as much as one over single values.
const ALL = [...ID, ...ROTATING, ...RARE]
const MOST = [...ID, ...ROTATING]
const STATEMENTS = {
  change: { name: 'apply-change', columns: ALL, text: toTextForOne(ALL) },
  changes: { name: 'apply-changes', columns: ALL, text: toTextForMany(ALL) },
  rotation: { name: 'apply-rotation', columns: MOST, text: toTextForOne(MOST) },
  rotations: { name: 'apply-rotations', columns: MOST, text: toTextForMany(MOST) },
} satisfies Record<string, Statement>

/**
 * Writes the new state of sessions that this transaction has locked, and their events, in one
 * statement. Events are inserted only for updated rows. Each session must be in `changes` at most
 * once; its events are in order.
 *
 * @param locked the sessions before the change: the rare columns are written if one of them differs
 */
export async function applyChanges(
  client: ClientBase,
  changes: readonly Change[],
  locked: ReadonlyMap<string, Session>,
): Promise<void> {
  const isRotation = changes.every(({ session }) => hasSameRareValues(session, locked))
  const [only] = changes
  await client.query(
    only !== undefined && changes.length === 1 && only.events.length === 1
      ? toQueryOfOne(isRotation ? STATEMENTS.rotation : STATEMENTS.change, only)
      : toQueryOfMany(isRotation ? STATEMENTS.rotations : STATEMENTS.changes, changes),
  )
}

function hasSameRareValues(session: Session, locked: ReadonlyMap<string, Session>): boolean {
  const before = locked.get(session.id)
  return before !== undefined && RARE.every(({ field }) => before[field] === session[field])
}

function toQueryOfOne(
  { name, text, columns }: Statement,
  { session, events }: Change,
): QueryConfig<unknown[]> {
  return {
    name,
    text,
    values: [
      ...columns.map(({ field }) => session[field]),
      ...events.flatMap((e) => [e.type, e.occurredAtMs, JSON.stringify(e.data), e.traceparent]),
    ],
  }
}

function toQueryOfMany(
  { name, text, columns }: Statement,
  changes: readonly Change[],
): QueryConfig<unknown[]> {
  const events = changes.flatMap((change) => change.events)
  return {
    name,
    text,
    values: [
      ...columns.map(({ field }) => changes.map(({ session }) => session[field])),
      events.map((e) => e.sessionId),
      events.map((e) => e.type),
      events.map((e) => e.occurredAtMs),
      events.map((e) => JSON.stringify(e.data)),
      events.map((e) => e.traceparent ?? null),
    ],
  }
}

function toTextForOne(columns: readonly SessionColumn[]): string {
  const values = new Map(columns.map(({ name, parameter }, i) => [name, `$${i + 1}::${parameter}`]))
  const [type, occurredAt, body, traceparent] = EVENT_PARAMETERS.map(
    (parameter, i) => `$${columns.length + 1 + i}::${parameter}`,
  )
  return `
    with changed as (
      update token_store.sessions s set ${toAssignments(columns, (name) => values.get(name) ?? '')}
      where s.id = ${values.get('id')}
      returning s.id
    )
    insert into token_store.outbox (lane, session_id, type, occurred_at, body, traceparent)
    select token_store.lane_of(c.id), c.id, ${type}, to_timestamp(${occurredAt} / 1000), ${body},
      ${traceparent}
    from changed c`
}

function toTextForMany(columns: readonly SessionColumn[]): string {
  const arrays = [...columns.map(({ parameter }) => parameter), 'uuid', ...EVENT_PARAMETERS].map(
    (parameter, i) => `$${i + 1}::${parameter}[]`,
  )
  return `
    with changed as (
      update token_store.sessions s set ${toAssignments(columns, (name) => `n.${name}`)}
      from unnest(${arrays.slice(0, columns.length).join(', ')})
        as n(${columns.map(({ name }) => name).join(', ')})
      where s.id = n.id
      returning s.id
    )
    insert into token_store.outbox (lane, session_id, type, occurred_at, body, traceparent)
    select token_store.lane_of(e.session_id), e.session_id, e.type,
      to_timestamp(e.occurred_at / 1000), e.body, e.traceparent
    from unnest(${arrays.slice(columns.length).join(', ')})
      with ordinality as e(session_id, type, occurred_at, body, traceparent, position)
    join changed c on c.id = e.session_id
    order by e.position`
}

function toAssignments(columns: readonly SessionColumn[], toValue: (name: string) => string) {
  return [
    ...columns
      .filter(({ role }) => role !== 'fixed')
      .map(({ name, toColumn }) => `${name} = ${toColumn(toValue(name))}`),
    `sweep_bucket = ${toSweepBucket(toValue('idle_until'), toValue('access_expires_at'))}`,
  ].join(', ')
}
