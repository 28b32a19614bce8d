import { randomUUID } from 'node:crypto'
import type { AnyEvent, TimelineRequest } from '@auto-refresh/contracts'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPostgresAuditHistory } from './adapters/postgres/create-postgres-audit-history.ts'
import { createPostgresAuditTrail } from './adapters/postgres/create-postgres-audit-trail.ts'
import { createRotated, openCleanupTest } from './testing/cleanup-test.ts'
import { createAuditTrailReader } from './use-cases/audit-trail-reader.ts'

const stack = new AsyncDisposableStack()
let pool: Pool
beforeAll(async () => {
  ;({ pool } = await openCleanupTest(stack))
})
afterAll(() => stack.disposeAsync())

const BASE_MS = Date.now() - 3_600_000
const at = (second: number) => new Date(BASE_MS + second * 1000).toISOString()
const HOME = { network: '192.0.2.0/24', agent: 'Firefox' }
const ELSEWHERE = { network: '198.51.100.0/24', agent: 'curl' }
const keep = (events: readonly AnyEvent[]) =>
  createPostgresAuditTrail({ pool, nowMs: () => Date.now() }).keep(events)
const open = (limits: { rotations?: number; items?: number } = {}) =>
  createAuditTrailReader({ history: createPostgresAuditHistory({ pool, ...limits }) })

/** A session of a new user; the second of an event is its number. */
function aSession(user = randomUUID()) {
  const id = randomUUID()
  const data = (session_seq: number) => ({
    session_id: id,
    session_seq,
    user_id: user,
    client_id: 'c',
    generation: session_seq,
  })
  const event = (type: AnyEvent['type'], seq: number, more: object, second = seq) =>
    ({
      id: randomUUID(),
      type,
      source: 'test',
      time: at(second),
      subject: id,
      key: id,
      data: { ...data(seq), ...more },
    }) as unknown as AnyEvent
  const side = (place: typeof HOME, seq: number) => ({ ...place, at: at(seq), generation: seq })
  return {
    id,
    user,
    issued: (seq = 0) =>
      event('session.issued.v1', seq, { ...HOME, expires_at: at(1e6), idle_until: at(1e5) }),
    rotated(seq: number, place = HOME, second = seq): AnyEvent {
      const rotated = createRotated(id, seq, at(second))
      return { ...rotated, data: { ...rotated.data, ...place, user_id: user } }
    },
    replayed: (seq: number) =>
      event('session.replay-suspected.v1', seq, {
        rotated: side(HOME, seq - 1),
        presented: side(ELSEWHERE, seq - 2),
        streak: 1,
      }),
    reused: (seq: number) =>
      event('session.reuse-detected.v1', seq, {
        rotated: side(ELSEWHERE, seq - 1),
        presented: side(HOME, seq - 2),
        age_seconds: 1,
        session_seconds: seq,
      }),
    suspicious: (pattern: string, second: number) =>
      event(
        'security.pattern-detected.v1',
        0,
        {
          session_seq: undefined,
          pattern,
          count: 1,
          threshold: 1,
          window_seconds: 60,
          first_at: at(second),
          last_at: at(second),
          last_event_id: randomUUID(),
        },
        second,
      ),
    refused: (second: number) =>
      event(
        'refresh.refused.v1',
        0,
        { session_seq: undefined, user_id: undefined, code: 'refresh_token_revoked', ...ELSEWHERE },
        second,
      ),
  }
}

async function readAll(
  reader: ReturnType<typeof open>,
  subject: TimelineRequest['subject'],
  order: 'oldest' | 'newest' = 'oldest',
) {
  const pages = []
  for (let from: string | undefined; pages.length < 200;) {
    const page = await reader.timeline({
      subject,
      window: { order, ...(from === undefined ? {} : { from }) },
    })
    pages.push(page.entries)
    if (page.end === undefined) break
    from = page.end
  }
  return pages
}
const brief = (entries: readonly { type: string; count?: number }[]) =>
  entries.map(({ type, count }) => (count === undefined ? type : `${type} ${count}`))
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('the timeline', () => {
  test('of a stolen session shows both sides, in order; refreshes of one place are grouped', async () => {
    const session = aSession()
    const other = aSession(session.user)
    await keep([
      session.issued(),
      ...numbers(1, 4).map((seq) => session.rotated(seq)),
      session.rotated(5, ELSEWHERE),
      session.rotated(6, ELSEWHERE),
      session.replayed(7),
      session.rotated(8, ELSEWHERE),
      session.reused(9),
      session.suspicious('reuse', 10),
      session.refused(11),
      ...numbers(1, 3).map((seq) => other.rotated(seq)),
    ])
    const { entries, userId, end } = await open().timeline({
      subject: { sessionId: session.id },
      window: { order: 'oldest' },
    })
    expect(brief(entries)).toEqual([
      'issued',
      'refreshed 4',
      'refreshed 2',
      'replayed',
      'refreshed 1',
      'reused',
      'suspicious 1',
    ])
    expect(entries[1]).toEqual({
      type: 'refreshed',
      at: at(1),
      last_at: at(4),
      user_id: session.user,
      session_id: session.id,
      ...HOME,
      generation: 1,
      last_generation: 4,
      count: 4,
    })
    expect(entries[5]).toMatchObject({ rotated: ELSEWHERE, presented: HOME })
    expect([userId, end]).toEqual([session.user, undefined])
    const [ofUser = []] = await readAll(open(), { userId: session.user })
    expect(brief(ofUser)).toContain('refreshed 3')
    expect(ofUser).toHaveLength(entries.length + 1)
  })

  test('is complete in small pages, in both directions, and never divides a moment', async () => {
    const session = aSession()
    const places = [HOME, HOME, ELSEWHERE]
    await keep([
      session.issued(),
      ...numbers(1, 60).map((seq) => session.rotated(seq, places[seq % 3], Math.ceil(seq / 4))),
      ...numbers(61, 90).map((seq) => session.replayed(seq)),
    ])
    for (const order of ['oldest', 'newest'] as const) {
      for (const limits of [{ rotations: 7 }, { items: 4 }, { rotations: 5, items: 3 }]) {
        const pages = await readAll(open(limits), { userId: session.user }, order)
        expect(pages.length).toBeGreaterThan(5)
        if ('items' in limits)
          expect(Math.max(...pages.map((page) => page.length))).toBeLessThanOrEqual(8)
        const entries = pages.flat()
        const refreshed = entries.reduce(
          (sum, { type, count = 0 }) => sum + (type === 'refreshed' ? count : 0),
          0,
        )
        expect([refreshed, entries.filter(({ type }) => type === 'replayed').length]).toEqual([
          60, 30,
        ])
        const times = entries.map((entry) =>
          order === 'oldest' ? entry.at : (entry.last_at ?? entry.at),
        )
        expect(times).toEqual(order === 'oldest' ? times.toSorted() : times.toSorted().toReversed())
      }
    }
  })

  test('of a user with 100,000 refreshes is read in a few bounded pages', async () => {
    const user = randomUUID()
    await pool.query(
      `with c as (insert into cleanup.audit_clients (client_id, agent, last_on) values ('many', 'many', now()) returning id)
       insert into cleanup.audit_rotations (occurred_at, idle_until, session_seq, generation, interval_seconds, client, event_id, session_id, user_id, network)
       select now() - n * interval '200 milliseconds', now(), 25000 - n / 4, 25000 - n / 4, 1, c.id, gen_random_uuid(), md5((n % 4)::text || $1)::uuid, $1::uuid, '192.0.2.0/24'
       from c, generate_series(0, 99999) n`,
      [user],
    )
    const startedMs = performance.now()
    const pages = await readAll(open(), { userId: user })
    const tookMs = performance.now() - startedMs
    console.log(
      `100,000 refreshes: ${pages.length} pages, ${(tookMs / pages.length).toFixed(0)} ms each`,
    )
    expect(pages.flat().reduce((sum, { count = 0 }) => sum + count, 0)).toBe(100_000)
    expect(pages.length).toBeLessThanOrEqual(6)
    expect(pages.flat().length).toBeLessThanOrEqual(24)
  })

  test('of a session whose dead token is presented without end stays readable through an index', async () => {
    const session = aSession()
    await keep([session.issued(), session.reused(1), session.refused(2)])
    await pool.query(
      `insert into cleanup.audit_records (event_id, topic, type, key, session_id, occurred_at, data)
       select gen_random_uuid(), 't', 'refresh.refused.v1', 'k', $1::uuid, now(), '{}' from generate_series(1, 20000)`,
      [session.id],
    )
    await pool.query('analyze cleanup.audit_records')
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(
      `explain select * from cleanup.audit_records
       where session_id = '${session.id}' and type <> 'refresh.refused.v1' and type <> 'login.succeeded.v1'
       order by occurred_at fetch first 100 rows with ties`,
    )
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).not.toContain('Sort')
    const [entries = []] = await readAll(open(), { sessionId: session.id })
    expect(brief(entries)).toEqual(['issued', 'reused'])
  })

  test('of an unknown user or session is empty', async () => {
    expect(await readAll(open(), { userId: randomUUID() })).toEqual([[]])
    expect(await readAll(open(), { sessionId: randomUUID() })).toEqual([[]])
  })
})

describe('the detections', () => {
  test('are listed newest first, a reuse once, and filtered', async () => {
    const [one, other] = [aSession(), aSession()]
    await keep([
      one.reused(101),
      one.suspicious('reuse', 102),
      one.suspicious('shadow', 103),
      other.suspicious('spraying', 104),
    ])
    const { detections } = createAuditTrailReader({ history: createPostgresAuditHistory({ pool }) })
    const types = async (request: Parameters<typeof detections>[0]) =>
      (await detections({ since: `${at(101).slice(0, 23)}000Z`, ...request })).detections.map(
        ({ type }) => type,
      )
    expect(await types({})).toEqual(['spraying', 'shadow', 'reuse'])
    expect(await types({ type: 'reuse' })).toEqual(['reuse'])
    expect(await types({ type: 'shadow' })).toEqual(['shadow'])
    expect(await types({ userId: one.user })).toEqual(['shadow', 'reuse'])
    expect(await types({ sessionId: other.id })).toEqual(['spraying'])
    expect(await types({ since: `${at(104).slice(0, 23)}000Z` })).toEqual(['spraying'])
    const { detections: found } = await detections({ type: 'reuse', sessionId: one.id })
    expect(found).toMatchObject([{ severity: 'high', rotated: ELSEWHERE, presented: HOME }])
  })

  test('of one moment are paged without a gap or a repeat', async () => {
    const session = aSession()
    await keep(numbers(1, 130).map(() => session.suspicious('session_burst', 200)))
    const reader = open()
    const first = await reader.detections({ sessionId: session.id })
    const rest = await reader.detections({
      sessionId: session.id,
      ...(first.next === undefined ? {} : { before: first.next }),
    })
    const ids = [...first.detections, ...rest.detections].map(({ id }) => id)
    expect([ids.length, new Set(ids).size, rest.next]).toEqual([130, 130, undefined])
  })
})
