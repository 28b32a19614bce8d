import type { TimelineRequest } from '@auto-refresh/contracts'
import type { Pool } from 'pg'
import type { Part, RotationRun } from '../../ports.ts'
import { toMoment, toWindow } from './to-window.ts'

type Limits = Readonly<{ rows: number; runs: number }>

/**
 * Reads the rotations of a window, grouped: at most `rows` rotations and `runs` runs, and all of the
 * last moment. The numbers of a run have no gap, so every other event of the session ends it.
 */
export async function readRotationRuns(
  pool: Pool,
  request: TimelineRequest,
  limits: Limits,
): Promise<Part<RotationRun>> {
  const { isInWindow, direction, first, last, until, end, values } = toWindow(request)
  const { rows } = await pool.query<{ run: RotationRun; end: string | null }>(
    `with read as materialized (
       select session_id, user_id, session_seq, generation, client, network, occurred_at
       from cleanup.audit_rotations
       where ${isInWindow}
       order by occurred_at ${direction}
       fetch first ${limits.rows} rows with ties),
     numbered as materialized (
       select read.*, session_seq
         - row_number() over (partition by session_id, client, network order by session_seq) as run
       from read),
     firsts as (
       select ${first}(occurred_at) as at
       from numbered
       group by session_id, client, network, run
       order by at ${direction}
       limit ${limits.runs}),
     ending as (
       select case when count(*) = ${limits.runs} then ${last}(at)
         when (select count(*) from read) >= ${limits.rows} then (select ${last}(occurred_at) from read)
         else '${end}' end as at
       from firsts)
     select
       jsonb_build_object(
         'sessionId', r.session_id, 'userId', r.user_id, 'network', r.network,
         'agent', coalesce(c.agent, ''), 'count', count(*),
         'firstAt', ${toMoment('min(r.occurred_at)')}, 'lastAt', ${toMoment('max(r.occurred_at)')},
         'firstSeq', min(r.session_seq), 'lastSeq', max(r.session_seq),
         'firstGeneration', min(r.generation), 'lastGeneration', max(r.generation)) as run,
       case when isfinite(ending.at) then ${toMoment('ending.at')} end as end
     from numbered r
     cross join ending
     left join cleanup.audit_clients c on c.id = r.client
     where r.occurred_at ${until} ending.at
     group by r.session_id, r.user_id, r.network, r.client, r.run, c.agent, ending.at`,
    values,
  )
  return { items: rows.map(({ run }) => run), end: rows[0]?.end ?? undefined }
}
