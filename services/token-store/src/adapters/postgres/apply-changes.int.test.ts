import { createPool } from '@auto-refresh/service-kit/postgres'
import type { Pool } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Session, SessionEvent } from '../../domain/session.ts'
import { startTestTokenStores, type TestTokenStores } from '../../testing/test-token-store.ts'
import { createPostgresSessions } from './create-postgres-sessions.ts'

let t: TestTokenStores
let pool: Pool
beforeAll(async () => {
  t = await startTestTokenStores()
  pool = createPool({ url: t.url, applicationName: 'test', max: 1, onError: () => {} })
})
afterAll(async () => {
  await pool.end()
  await t.stop()
})

const rotate = (session: Session): Session => ({
  ...session,
  generation: session.generation + 1,
  idleUntilMs: session.idleUntilMs + 1,
  rotatedAtMs: session.rotatedAtMs + 2,
  floorGeneration: 3,
  markGeneration: 4,
  markAtMs: session.markAtMs + 5,
  attemptHash: 'ab'.repeat(32),
  seq: session.seq + 1,
  accessExpiresAtMs: session.accessExpiresAtMs + 6,
  rotationPoints: 7.5,
  replayPoints: 8.5,
  bucketAtMs: session.bucketAtMs + 9,
})
const changeAll = (session: Session): Session => ({
  ...rotate(session),
  macKid: 9,
  network: 'another "network", {NULL}',
  agent: '',
  formerNetwork: 'former',
  formerGeneration: 10,
  suspectGeneration: 11,
  suspectStreak: 12,
  suspectNetwork: 'suspect',
  suspectRun: 13,
  agentGeneration: 14,
  agentFollows: 15,
  notedGeneration: 16,
  notedPlace: 'place',
  notedEvents: 17,
  regressedAtMs: session.rotatedAtMs,
  revokedAtMs: session.rotatedAtMs,
  revokeReason: 'logout',
})
const toEvents = (session: Session, count: number) =>
  Array.from(
    { length: count },
    (_, i): SessionEvent =>
      ({
        type: 'session.rotated.v1',
        sessionId: session.id,
        occurredAtMs: session.rotatedAtMs,
        data: { note: `"quoted" ${i}` },
      }) as unknown as SessionEvent,
  )

test.each([
  { name: 'one rotation', changes: [rotate] },
  { name: 'one change of every column', changes: [changeAll] },
  { name: 'several rotations', changes: [rotate, rotate, rotate] },
  { name: 'a rotation beside a change of every column', changes: [rotate, changeAll, rotate] },
])('$name is stored whole, with its events in order', async ({ changes }) => {
  const issued = await Promise.all(changes.map(() => t.issue()))
  const ids = issued.map(({ session }) => session.id)
  const sessions = createPostgresSessions({ pool, mark: () => undefined })
  for (const events of [1, 0, 2]) {
    const expected = await sessions.change(ids, (locked) => {
      const next = ids.map((id, i) => {
        const session = locked.sessions.get(id)
        const change = changes[i]
        if (session === undefined || change === undefined) throw new Error('no session')
        return { session: change(session), events: toEvents(session, events) }
      })
      return { result: next, changes: next }
    })
    const read = await sessions.read(ids)
    expect(ids.map((id) => read.sessions.get(id))).toEqual(expected.map(({ session }) => session))
  }
  const { rows } = await t.sql.query<{ buckets: number }>(
    `select count(*)::int as buckets from token_store.sessions where id = any($1::uuid[])
       and sweep_bucket = ceil(extract(epoch from greatest(idle_until, access_expires_at)) / 21600)`,
    [ids],
  )
  expect(rows[0]?.buckets).toBe(ids.length)
  await expect
    .poll(() =>
      ids.map((id) =>
        t.events.flatMap(({ subject, data }) =>
          subject === id && 'note' in data ? [data.note] : [],
        ),
      ),
    )
    .toEqual(ids.map(() => ['"quoted" 0', '"quoted" 0', '"quoted" 1']))
})
