import type { ClientBase } from 'pg'
import { toUpUntil, type ServiceMark } from '../../domain/service-record.ts'
import { toUptimeClock, type UptimeClock } from '../../domain/uptime.ts'

type Row = { now: number; beat_at: number; downtimes: Array<[number, number]> | null }

/**
 * Reads the database's clock and the known downtimes, in a statement of its own after the locking
 * one. In a locking select `clock_timestamp()` is read before the wait for the lock (measured 1,001
 * ms too early), and `now()` is the start of the transaction.
 */
export async function readClock(
  client: ClientBase,
  mark: () => ServiceMark | undefined,
): Promise<UptimeClock> {
  const { rows } = await client.query<Row>({
    name: 'read-clock',
    text: `
      select clock_timestamp() as now, beat_at, (
        select jsonb_agg(jsonb_build_array(extract(epoch from started_at) * 1000, extract(epoch from ended_at) * 1000))
        from token_store.downtimes
      ) as downtimes
      from token_store.heartbeat`,
  })
  const row = rows[0]
  if (row === undefined) throw new Error('token_store.heartbeat is empty: run `npm run migrate`')
  const downtimes = (row.downtimes ?? []).map(([fromMs, toMs]) => ({ fromMs, toMs }))
  const times = [row.now, row.beat_at, ...downtimes.flatMap(({ fromMs, toMs }) => [fromMs, toMs])]
  if (!times.every(Number.isFinite))
    throw new Error(
      'token_store.heartbeat or token_store.downtimes holds a time that is not a number',
    )
  const beatAtMs = toUpUntil({ nowMs: row.now, beatAtMs: row.beat_at }, mark())
  return toUptimeClock({ nowMs: row.now, beatAtMs, downtimes, processMs: Date.now() })
}
