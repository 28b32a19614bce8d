import {
  createTestDatabase,
  DUMP_ADMIN_KEY,
  DUMP_PASSWORD,
  DUMP_SETTINGS,
  eventually,
  loadReleaseDump,
  readPreviousRelease,
  unpackRelease,
  type UnpackedRelease,
} from '@auto-refresh/test-engines'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ageSession, sessionIdOf } from './harness/age-session.ts'
import { call, login, me, refresh, retryUntilAnswered, toPair, type Pair } from './harness/api.ts'
import { runOperation } from './harness/run-operation.ts'
import { startBalancer } from './harness/start-balancer.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'
import { startUpgradeLoad } from './harness/start-upgrade-load.ts'
import { ALWAYS_DUE } from './harness/token-lifetimes.ts'

/**
 * Two processes of the previous release on its dump, behind a balancer. Each test goes on where the
 * one before has ended: old processes on the old schema, on the new one, and new processes.
 */
const release = readPreviousRelease()
const settings = { ...DUMP_SETTINGS, ...ALWAYS_DUE }
const replicas: Standalone[] = []
const inService = new Set<Standalone>()
const outputs: (() => string)[] = []
const cleanUp = new AsyncDisposableStack()
const balancer = startBalancer(() => [...inService])
let old: UnpackedRelease
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let sql: Client
let load: ReturnType<typeof startUpgradeLoad>
/** What the clients of the dumped sessions have, in the order of the dump. */
let dumped: Pair[]
/** A client of the old processes that rests during the upgrade, and one that has logged out. */
let resting: Pair
let loggedOut: Pair

const env = () => ({ ...settings, DATA_DIR: folder.path, DATABASE_URL: database.url })
const start = async (repository?: string, ports?: Standalone['ports']) => {
  const replica = await startStandalone({
    dataDir: folder.path,
    databaseUrl: database.url,
    env: settings,
    ...(repository === undefined ? {} : { repository }),
    ...(ports === undefined ? {} : { ports }),
  })
  outputs.push(replica.output)
  return replica.ready()
}
const urlOf = (i: number) => replicas[i % replicas.length]?.url ?? ''
const verdictOf = async (i: number, { access }: Pair) => {
  const { status, code } = await retryUntilAnswered(() => me(urlOf(i), access))
  return code ?? String(status)
}

beforeAll(async () => {
  old = await unpackRelease(release.commit)
  cleanUp.defer(old.remove)
  database = await createTestDatabase({ ownDeadlines: true })
  cleanUp.defer(database.drop)
  folder = await temporaryFolder()
  cleanUp.defer(folder.remove)
  sql = new Client({ connectionString: database.url })
  await sql.connect()
  cleanUp.defer(() => sql.end())
  await loadReleaseDump(database.url, release)
  cleanUp.defer(async () => void (await Promise.all(replicas.map((replica) => replica.stop()))))
  replicas.push(...(await Promise.all([start(old.path), start(old.path)])))
  for (const replica of replicas) inService.add(replica)
  cleanUp.defer(balancer.stop)
  await balancer.poll()
})
afterAll(() => cleanUp.disposeAsync())
let failed = false
beforeEach(({ skip }) => skip(failed, 'A test before it failed'))
afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return
  failed = true
  for (const output of outputs) console.log(output().split('\n').slice(-6).join('\n'))
})

/** As an operator does: out of the balancer, stop, start the other release, wait, and back. */
async function replace(i: number, repository?: string) {
  const replica = replicas[i]
  if (replica === undefined) throw new Error('no such replica')
  inService.delete(replica)
  await balancer.drained(replica.url)
  expect((await replica.stop()).code).toBe(0)
  const next = await start(repository, replica.ports)
  replicas[i] = next
  inService.add(next)
  await balancer.poll()
}

test(`the dump of release ${release.version} is as that release left it`, async () => {
  dumped = release.sessions.map(({ newest }) => ({ access: '', refresh: newest }))
  for (const [i, { what, newest, expected }] of release.sessions.entries()) {
    const answer = await retryUntilAnswered(() => refresh(urlOf(i), newest))
    expect(`${what}: ${answer.code ?? 'refreshed'}`).toBe(`${what}: ${expected}`)
    if (answer.status === 200) dumped[i] = toPair(answer)
  }
  resting = await login(urlOf(0), 'ayu', DUMP_PASSWORD)
  loggedOut = await login(urlOf(1), 'ayu', DUMP_PASSWORD)
  await call(urlOf(1), 'POST', '/api/v1/auth/logout', {
    body: { refresh_token: loggedOut.refresh },
  })
})

test('the migrations run while the old processes serve, and no request fails', async () => {
  load = startUpgradeLoad({
    clients: dumped.filter((_, i) => release.sessions[i]?.expected === 'refreshed'),
    newcomer: { username: 'ayu', password: DUMP_PASSWORD },
    balancer,
  })
  cleanUp.defer(async () => void (await load.stop()))
  await load.all('once')
  const migrated = await runOperation('migrate', { env: env() })
  expect(migrated).toMatchObject({ code: 0 })
  await load.all('twice')
  expect(load.failures()).toEqual([])
})

test('an old process that restarts then serves again, and no request fails', async () => {
  await replace(0, old.path)
  await load.all('once')
  expect(load.failures()).toEqual([])
})

test('the processes are replaced one after the other, and no request fails', async () => {
  await replace(0)
  // Old and new side by side.
  await load.all('twice')
  await replace(1)
  await load.all('twice')
  const { clients, requests } = await load.stop()
  expect(load.failures()).toEqual([])
  console.log(`${requests} requests while the release was replaced`)
  expect(outputs.flatMap((output) => output().match(/"level":"(error|fatal)".*/g) ?? [])).toEqual(
    [],
  )
  let next = 0
  for (const [i, { expected }] of release.sessions.entries())
    if (expected === 'refreshed') dumped[i] = clients[next++] ?? { access: '', refresh: '' }
})

test('every session of the dump and of the old processes is open or ended as before, at both new ones', async () => {
  for (const [i, { what, expected }] of release.sessions.entries()) {
    for (const replica of [0, 1]) {
      const pair = dumped[i] ?? { access: '', refresh: '' }
      const answer = await retryUntilAnswered(() => refresh(urlOf(replica), pair.refresh))
      expect(`${what}: ${answer.code ?? 'refreshed'}`).toBe(`${what}: ${expected}`)
      if (answer.status === 200) {
        dumped[i] = toPair(answer)
        expect(await verdictOf(1 - replica, dumped[i])).toBe('200')
      }
    }
  }
  for (const replica of [0, 1]) {
    expect(await verdictOf(replica, resting)).toBe('200')
    expect(await verdictOf(replica, loggedOut)).toBe('access_token_revoked')
    const again = await retryUntilAnswered(() => refresh(urlOf(replica), loggedOut.refresh))
    expect(again.code).toBe('refresh_token_revoked')
  }
  // Nobody was called a thief.
  const { rows } = await sql.query<{ id: string }>(
    `select id from token_store.sessions where revoke_reason = 'reuse'`,
  )
  const stolen = release.sessions.filter(({ what }) => what === 'stolen')
  expect(rows.map(({ id }) => id)).toEqual(stolen.map(({ newest }) => sessionIdOf(newest)))
})

test('every user of the dump signs in, one with an imported password too', async () => {
  for (const [i, username] of ['ayu', 'eko', 'fajar'].entries())
    expect((await login(urlOf(i), username, DUMP_PASSWORD)).access).not.toBe('')
})

test('a theft and a logout end sessions of the old release at both processes', async () => {
  const stolen = resting.refresh
  resting = toPair(await retryUntilAnswered(() => refresh(urlOf(0), stolen)))
  await ageSession(database.url, stolen)
  const reused = await retryUntilAnswered(() => refresh(urlOf(1), stolen))
  expect(reused.code).toBe('refresh_token_reused')
  const i = release.sessions.findIndex(({ expected }) => expected === 'refreshed')
  const pair = dumped[i] ?? { access: '', refresh: '' }
  await retryUntilAnswered(() =>
    call(urlOf(0), 'POST', '/api/v1/auth/logout', { body: { refresh_token: pair.refresh } }),
  )
  for (const ended of [resting, pair])
    for (const replica of [0, 1])
      await eventually(async () => (await verdictOf(replica, ended)) === 'access_token_revoked')
})

test('the audit trail has every event of each session once, from the dump to the new processes', async () => {
  await eventually(
    async () => (await sql.query('select from token_store.outbox limit 1')).rowCount === 0,
  )
  const { rows } = await sql.query<{ session: string; events: string; next: string }>(
    `select s.id as session, s.seq + 1 as next,
       (select count(distinct session_seq) filter (where session_seq <= s.seq) || ' ' ||
          coalesce(max(session_seq), -1) + 1 || ' ' || count(session_seq)
        from cleanup.audit_events e
        where e.session_id = s.id and e.topic = 'auth.session-events.v1'
          and e.occurred_at > now() - interval '20 days') as events
     from token_store.sessions s`,
  )
  expect(rows.length).toBeGreaterThan(release.sessions.length)
  expect(rows.filter(({ events, next }) => events !== `${next} ${next} ${next}`)).toEqual([])

  const timeline = await retryUntilAnswered(() =>
    call(urlOf(0), 'GET', `/api/v1/admin/sessions/${sessionIdOf(resting.refresh)}/timeline`, {
      headers: { authorization: `Bearer ${DUMP_ADMIN_KEY}` },
    }),
  )
  expect(timeline.text).toMatch(/"type":"issued".*"type":"reused"/)
})
