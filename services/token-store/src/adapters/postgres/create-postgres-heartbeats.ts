import type { Pool } from 'pg'
import { LONGEST_GAP_MS } from '../../domain/uptime.ts'
import type { Heartbeats } from '../../ports.ts'

const EMPTY = 'token_store.heartbeat is empty: run `npm run migrate`'

/**
 * All replicas write one row, so a gap means that no replica was up.
 *
 * - "Up" means able to change sessions: a heartbeat takes the same table lock as a rotation, so a
 *   locked table is a downtime too.
 * - A gap begins where `toUpUntil` says.
 * - Downtimes are kept for a day. One that ends in the future was written before the clock was set
 *   back and is deleted, because tokens would age too slowly.
 * - None is deleted within a day after a downtime longer than an hour: that may be a clock jump, and
 *   after its correction the real downtimes must still count.
 */
export function createPostgresHeartbeats({ pool }: { pool: Pool }): Heartbeats {
  return {
    async beat(mark) {
      const { rows } = await pool.query<{ down_seconds: number; at: number }>({
        name: 'beat',
        text: `
          with probe as (update token_store.sessions set seq = seq where false),
          last as materialized (select beat_at from token_store.heartbeat where id = 1 for update),
          read as materialized (select beat_at, clock_timestamp() as now from last),
          gap as materialized (
            select beat_at, now, case
              when to_timestamp($2::float8 / 1000) <= now and to_timestamp($3::float8 / 1000) <= beat_at
              then greatest(beat_at, to_timestamp($2::float8 / 1000))
              else beat_at
            end as up_until
            from read
          ),
          down as (
            insert into token_store.downtimes (started_at, ended_at)
            select up_until, now from gap where now - up_until > make_interval(secs => $1::float8 / 1000)
            on conflict (started_at) do update set ended_at = excluded.ended_at
            returning extract(epoch from ended_at - started_at)::float8 as seconds
          ),
          over as (
            delete from token_store.downtimes using gap
            where ended_at > now + interval '1 second' or (
              ended_at < now - interval '1 day'
              and now - beat_at < interval '1 hour'
              and not exists (
                select from token_store.downtimes long
                where long.ended_at - long.started_at > interval '1 hour'
                  and long.ended_at between now - interval '1 day' and now + interval '1 second'))
          ),
          beaten as (update token_store.heartbeat h set beat_at = gap.now from gap where h.id = 1)
          select now as at, (select coalesce(sum(seconds), 0)::float8 from down) as down_seconds
          from gap`,
        values: [LONGEST_GAP_MS, mark?.servedUntilMs, mark?.beatAtMs],
      })
      const [row] = rows
      if (row === undefined) throw new Error(EMPTY)
      return { downSeconds: row.down_seconds, atMs: row.at }
    },
  }
}
