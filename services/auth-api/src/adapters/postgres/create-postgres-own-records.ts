import { toOpenedAtMs } from '../../domain/access-token-claims.ts'
import type { TimelineWindow } from '@auto-refresh/contracts'
import type { Pool } from 'pg'
import type { OwnEntry, OwnRecords, RecordsOf } from '../../ports/audit-trail.ts'
import { readRows } from './read-rows.ts'

/** Rows of one read, of sign-ins and of acts. */
const ROWS = 100
/** A session begins at its sign-in, by the clock of another server. */
const SIGN_IN_MS = 60_000

const toMoment = (column: string) =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as moment`
const WORDS = { oldest: ['>', '<=', 'asc'], newest: ['<', '>=', 'desc'] } as const
const BOUNDS = { oldest: ['-infinity', 'infinity'], newest: ['infinity', '-infinity'] } as const

/**
 * Sign-ins of `auth_api.login_audit` and administrators' acts of `auth_api.admin_acts`, at most
 * `rows` of each and all of the last moment.
 */
export function createPostgresOwnRecords({
  pool,
  rows: limit = ROWS,
}: {
  pool: Pool
  rows?: number
}): OwnRecords {
  return {
    async read(of, window) {
      const parts = await Promise.all([
        readSignIns(pool, of, window, limit),
        readActs(pool, of, window, limit),
      ])
      const ends = parts.flatMap((part) => {
        const last = part.at(-1)
        return last !== undefined && part.length >= limit ? [last.moment] : []
      })
      const sorted = ends.toSorted()
      const end = window.order === 'oldest' ? sorted[0] : sorted.at(-1)
      return { entries: parts.flat(), ...(end === undefined ? {} : { end }) }
    },
  }
}

const toBounds = ({ order, from, to }: TimelineWindow) => [
  from ?? BOUNDS[order][0],
  to ?? BOUNDS[order][1],
]

type SignIn = {
  moment: string
  outcome: string
  userId: string | null
  sessionId: string | null
  address: string | null
  network: string
  agent: string
  method: string
  actor: string | null
}
async function readSignIns(
  pool: Pool,
  { userId, sessionId }: RecordsOf,
  window: TimelineWindow,
  limit: number,
): Promise<OwnEntry[]> {
  const [after, until, direction] = WORDS[window.order]
  // There is no index by session. Its id contains the time of the sign-in.
  const around = sessionId === undefined ? undefined : toOpenedAtMs(sessionId)
  const range = around === undefined ? [] : [around - SIGN_IN_MS, around + SIGN_IN_MS]
  const isSubject =
    sessionId === undefined
      ? 'user_id = $1::uuid'
      : `session_id = $1::uuid
        and at >= to_timestamp($4::float8 / 1000) and at <= to_timestamp($5::float8 / 1000)`
  const rows = await readRows<SignIn>(pool, {
    text: `
      select ${toMoment('at')}, outcome, user_id as "userId", session_id as "sessionId",
        host(address) as address, network, agent, coalesce(method, 'password') as method, actor
      from auth_api.login_audit
      where ${isSubject} and at ${after} $2::timestamptz and at ${until} $3::timestamptz
      order by at ${direction}
      fetch first ${limit} rows with ties`,
    values: [sessionId ?? userId, ...toBounds(window), ...range],
  })
  return rows.map(({ moment, outcome, network, agent, method, ...row }) => ({
    moment,
    entry: {
      type: 'sign_in',
      at: toIso(moment),
      outcome,
      method,
      ...(row.actor === null ? {} : { actor: row.actor }),
      ...(row.userId === null ? {} : { user_id: row.userId }),
      ...(row.sessionId === null ? {} : { session_id: row.sessionId }),
      ...(row.address === null ? {} : { address: row.address }),
      network,
      agent,
    },
  }))
}

type Act = {
  moment: string
  actor: string
  act: string
  userId: string | null
  sessionId: string | null
  details: Record<string, unknown> | null
}
/**
 * Of a user also what was done by that user, and of a session also what was done with it: a thief
 * may hold the token of an administrator. Of a session also what was done to its user: that may have
 * ended it. Each part is read by its index.
 */
async function readActs(
  pool: Pool,
  { userId, sessionId }: RecordsOf,
  window: TimelineWindow,
  limit: number,
): Promise<OwnEntry[]> {
  const [after, until, direction] = WORDS[window.order]
  const subjects =
    sessionId === undefined
      ? ['user_id = $3::uuid', `actor = 'user:' || $3::uuid::text`]
      : [
          'session_id = $3::uuid',
          'user_id = $4::uuid and session_id is null and at >= to_timestamp($5::float8 / 1000)',
          `actor = 'user:' || $4::uuid::text and at >= to_timestamp($5::float8 / 1000)
            and details #>> '{by,session_id}' = $3::uuid::text`,
        ]
  const firstRows = `order by at ${direction} fetch first ${limit} rows with ties`
  const parts = subjects.map(
    (isSubject) => `
      (select * from auth_api.admin_acts
      where ${isSubject} and at ${after} $1::timestamptz and at ${until} $2::timestamptz
      ${firstRows})`,
  )
  const rows = await readRows<Act>(pool, {
    text: `
      select ${toMoment('at')}, actor, act, user_id as "userId", session_id as "sessionId", details
      from (${parts.join(' union ')}) as acts
      ${firstRows}`,
    values:
      sessionId === undefined
        ? [...toBounds(window), userId]
        : [...toBounds(window), sessionId, userId ?? null, toOpenedAtMs(sessionId)],
  })
  return rows.map(({ moment, actor, act, ...row }) => ({
    moment,
    entry: {
      type: 'act',
      at: toIso(moment),
      actor,
      act,
      ...(row.userId === null ? {} : { user_id: row.userId }),
      ...(row.sessionId === null ? {} : { session_id: row.sessionId }),
      ...(row.details === null ? {} : { details: row.details }),
    },
  }))
}

const toIso = (moment: string) => `${moment.slice(0, 23)}Z`
