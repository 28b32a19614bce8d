import { afterAll, beforeAll, expect, test } from 'vitest'
import { SESSION_ID, USER_ID } from '../../testing/fakes.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { createPostgresOwnRecords } from './create-postgres-own-records.ts'
import { recordAdminAct } from './record-admin-act.ts'

const OTHER = '0199e000-0000-7000-8000-00000000000b'
/** The time in the id of the session. */
const BEGIN_MS = Number.parseInt('0199e0000000', 16)
const at = (seconds: number) => new Date(BEGIN_MS + seconds * 1000).toISOString()

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  database = await openTestDatabase()
  const signIn = (seconds: number, outcome: string, user: string, session: string | null) =>
    database.pool.query(
      `insert into auth_api.login_audit (at, outcome, username_hash, user_id, session_id, address, network, agent)
       values ($1, $2, 'h', $3, $4, '192.0.2.7', '192.0.2.0/24', 'a')`,
      [at(seconds), outcome, user, session],
    )
  const act = (seconds: number, name: string, user: string | null, session: string | null) =>
    database.pool.query(
      `insert into auth_api.admin_acts (at, actor, act, user_id, session_id, details) values ($1, 'key:k', $2, $3, $4, '{"a":1}')`,
      [at(seconds), name, user, session],
    )
  await signIn(-100, 'invalid_credentials', USER_ID, null)
  await signIn(0, 'succeeded', USER_ID, SESSION_ID)
  await signIn(5, 'succeeded', OTHER, OTHER)
  await act(-50, 'user_changed', USER_ID, null)
  await act(50, 'sessions_revoked', USER_ID, null)
  await act(60, 'session_ended', USER_ID, SESSION_ID)
  await act(70, 'session_ended', USER_ID, OTHER)
})
const ADMIN = '0199e000-0000-7000-8000-00000000000c'

test('of an administrator the acts are read too, with whom they concern, and of the acting session', async () => {
  const session = '0199e000-0000-7000-8000-00000000000d'
  const actor = {
    kind: 'user',
    name: ADMIN,
    session: { id: session, network: '192.0.2.0/24' },
  } as const
  await recordAdminAct(database.pool, {
    actor,
    act: 'user_changed',
    userId: OTHER,
    details: { a: 1 },
  })
  // To oneself: one entry.
  await recordAdminAct(database.pool, { actor, act: 'sessions_revoked', userId: ADMIN })
  const cli = { kind: 'cli', name: ADMIN } as const
  await recordAdminAct(database.pool, { actor: cli, act: 'user_erased', userId: OTHER })
  const { read } = createPostgresOwnRecords({ pool: database.pool })
  const { entries } = await read({ userId: ADMIN }, { order: 'oldest' })
  const by = { session_id: session, network: '192.0.2.0/24' }
  expect(entries.map(({ entry }) => entry)).toMatchObject([
    { act: 'user_changed', actor: `user:${ADMIN}`, user_id: OTHER, details: { a: 1, by } },
    { act: 'sessions_revoked', actor: `user:${ADMIN}`, user_id: ADMIN, details: { by } },
  ])
  expect(brief(await read({ sessionId: session, userId: ADMIN }, { order: 'newest' }))).toEqual([
    'sessions_revoked',
    'user_changed',
  ])
  expect(brief(await read({ sessionId: OTHER, userId: ADMIN }, { order: 'oldest' }))).toEqual([
    'sign_in',
    'session_ended',
    'sessions_revoked',
  ])
})

afterAll(() => database.close())

const brief = ({ entries }: { entries: readonly { entry: { type: string; act?: string } }[] }) =>
  entries.map(({ entry }) => entry.act ?? entry.type)

test('of a user all sign-ins and acts are read, in both orders', async () => {
  const { read } = createPostgresOwnRecords({ pool: database.pool })
  const oldest = await read({ userId: USER_ID }, { order: 'oldest' })
  expect(brief(oldest)).toEqual([
    'sign_in',
    'sign_in',
    'user_changed',
    'sessions_revoked',
    'session_ended',
    'session_ended',
  ])
  expect(oldest.entries[1]?.entry).toEqual({
    type: 'sign_in',
    at: at(0),
    outcome: 'succeeded',
    method: 'password',
    user_id: USER_ID,
    session_id: SESSION_ID,
    address: '192.0.2.7',
    network: '192.0.2.0/24',
    agent: 'a',
  })
  expect(oldest.entries[3]?.entry).toEqual({
    type: 'act',
    at: at(50),
    actor: 'key:k',
    act: 'sessions_revoked',
    details: { a: 1 },
    user_id: USER_ID,
  })
  expect(brief(await read({ userId: USER_ID }, { order: 'newest' })).slice(0, 2)).toEqual([
    'sign_in',
    'sign_in',
  ])
})

test('of a session its sign-in, its acts, and later acts on its user are read', async () => {
  const { read } = createPostgresOwnRecords({ pool: database.pool })
  const of = { sessionId: SESSION_ID, userId: USER_ID }
  expect(brief(await read(of, { order: 'oldest' }))).toEqual([
    'sign_in',
    'sessions_revoked',
    'session_ended',
  ])
  expect(brief(await read({ ...of, userId: undefined }, { order: 'oldest' }))).toEqual([
    'sign_in',
    'session_ended',
  ])
})

test('a bounded read says where it ends, and the next one continues', async () => {
  const { read } = createPostgresOwnRecords({ pool: database.pool, rows: 1 })
  const moment = (seconds: number) => `${at(seconds).slice(0, 23)}000Z`
  expect((await read({ userId: USER_ID }, { order: 'oldest' })).end).toBe(moment(-100))
  expect((await read({ userId: USER_ID }, { order: 'newest' })).end).toBe(moment(70))
  const next = await read({ userId: USER_ID }, { order: 'oldest', from: moment(-100) })
  expect([brief(next), next.end]).toEqual([['sign_in', 'user_changed'], moment(-50)])
  const all = await read({ userId: USER_ID }, { order: 'oldest', from: moment(70) })
  expect(all).toEqual({ entries: [] })
})
