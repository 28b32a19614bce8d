import type { AnyEvent } from '@auto-refresh/contracts'
import type { Pool } from 'pg'
import type { Outbox, OutboxRow } from '../../ports.ts'

type Row = {
  lane: number
  id: number
  event_id: string
  session_id: string
  type: AnyEvent['type']
  occurred_at: number
  body: AnyEvent['data']
  traceparent: string | null
}

const DELETE = `
  delete from token_store.outbox o using unnest($1::smallint[], $2::bigint[]) as sent(lane, id)
  where o.lane = sent.lane and o.id = sent.id`
const toKeys = (rows: readonly OutboxRow[]) => [
  rows.map((row) => row.lane),
  rows.map((row) => row.id),
]

/** The outbox in 16 lanes: a session's events are in one lane, and one relay owns a lane. */
export function createPostgresOutbox({ pool }: { pool: Pool }): Outbox {
  return {
    async lease(owner, leaseMs) {
      const { rows } = await pool.query<{ lane: number }>({
        name: 'lease-lanes',
        text: `
          with me as (
            insert into token_store.relays (owner, seen_until)
            values ($1::uuid, clock_timestamp() + make_interval(secs => $2::float8 / 1000))
            on conflict (owner) do update set seen_until = excluded.seen_until
          ),
          gone as (
            delete from token_store.relays
            where owner <> $1::uuid and seen_until < clock_timestamp() - interval '1 minute'
          ),
          fair as (
            select ceil(16.0 / (1 + count(*)))::integer as lanes
            from token_store.relays where owner <> $1::uuid and seen_until > clock_timestamp()
          ),
          mine as materialized (
            select lane from token_store.lane_leases
            where owner = $1::uuid or leased_until < clock_timestamp()
            order by (owner is not distinct from $1::uuid) desc, lane
            limit (select lanes from fair)
            for update skip locked
          ),
          let_go as (
            update token_store.lane_leases set owner = null, leased_until = '-infinity'
            where owner = $1::uuid and lane not in (select lane from mine)
          )
          update token_store.lane_leases l
          set owner = $1::uuid, leased_until = clock_timestamp() + make_interval(secs => $2::float8 / 1000)
          from mine where l.lane = mine.lane
          returning l.lane`,
        values: [owner, leaseMs],
      })
      return rows.map((row) => row.lane)
    },

    async release(owner) {
      await pool.query({
        name: 'release-lanes',
        text: `
          with gone as (delete from token_store.relays where owner = $1::uuid)
          update token_store.lane_leases set owner = null, leased_until = '-infinity'
          where owner = $1::uuid`,
        values: [owner],
      })
    },

    async readNext({ lanes, limit, published }) {
      // The deleted rows are still visible to this statement, so the read leaves them out.
      const { rows } = await pool.query<Row>({
        name: 'read-next-of-outbox',
        text: `
          with deleted as (${DELETE})
          select o.lane, o.id, o.event_id, o.session_id, o.type, o.occurred_at, o.body,
            o.traceparent
          from unnest($3::smallint[]) as mine(lane)
          cross join lateral (
            select * from token_store.outbox w
            where w.lane = mine.lane and w.id <> all($2::bigint[])
            order by w.id
            limit greatest(1, $4::integer / cardinality($3::smallint[]))
          ) o
          order by o.lane, o.id`,
        values: [...toKeys(published), lanes, limit],
      })
      return rows.map((row) => ({ lane: row.lane, id: row.id, event: toEvent(row) }))
    },

    async remove(rows) {
      if (rows.length === 0) return
      await pool.query({ name: 'remove-from-outbox', text: DELETE, values: toKeys(rows) })
    },

    async measure() {
      const { rows } = await pool.query<{
        events: number
        oldest_seconds: number
        sessions: number
      }>({
        name: 'measure',
        text: `
          select
            count(*) as events,
            coalesce(extract(epoch from clock_timestamp() - min(occurred_at)), 0)::float8
              as oldest_seconds,
            (
              select greatest(reltuples, 0)::bigint from pg_class
              where oid = 'token_store.sessions'::regclass
            ) as sessions
          from (select occurred_at from token_store.outbox limit 100000) waiting`,
      })
      const { events = 0, oldest_seconds: oldestSeconds = 0, sessions = 0 } = rows[0] ?? {}
      return { events, oldestSeconds, sessions }
    },
  }
}

function toEvent(row: Row): AnyEvent {
  return {
    id: row.event_id,
    type: row.type,
    source: 'token-store',
    time: new Date(row.occurred_at).toISOString(),
    subject: row.session_id,
    key: row.session_id,
    ...(row.traceparent === null ? {} : { traceparent: row.traceparent }),
    data: row.body,
  } as AnyEvent
}
