import { createTestDatabase, eventually, medianSeconds } from '@auto-refresh/test-engines'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, login, me, retryUntilAnswered, refresh, toPair, type Pair } from './harness/api.ts'
import { runOperation } from './harness/run-operation.ts'
import { startCasesApi, type CasesApi } from './harness/start-cases-api.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'

/** Two processes on one database, and a back end with the plugin at each of them. */
const systems: Standalone[] = []
const backEnds: CasesApi[] = []
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let sql: Client
const password = 'correct horse battery'

beforeAll(async () => {
  database = await createTestDatabase()
  sql = new Client({ connectionString: database.url })
  await sql.connect()
  folder = await temporaryFolder()
  const env = { REFRESH_LIMIT: 'off', SIGN_IN_LIMIT: 'off' }
  for (const _ of [1, 2]) {
    const options = { dataDir: folder.path, databaseUrl: database.url, env }
    const system = await (await startStandalone(options)).ready()
    systems.push(system)
    backEnds.push(await startCasesApi({ dataDir: folder.path, authApiUrl: system.url }))
  }
  for (const backEnd of backEnds) await backEnd.listening()
})
afterAll(async () => {
  await Promise.all(backEnds.map((backEnd) => backEnd.stop()))
  await Promise.all(systems.map((system) => system.stop()))
  await sql.end()
  await folder.remove()
  await database.drop()
})

const run = (name: 'user' | 'keys', args: string[], input = '') =>
  runOperation(name, { args, input, env: { DATA_DIR: folder.path, DATABASE_URL: database.url } })
const urlOf = (i: number) => systems[i]?.url ?? ''

/** The verdict of each verifier on an access token without a refresh token. */
async function verdicts({ access }: Pair): Promise<string[]> {
  const headers = { authorization: `Bearer ${access}` }
  const answers = await Promise.all([
    ...systems.map(({ url }) => retryUntilAnswered(() => me(url, access))),
    ...backEnds.map(({ url }) =>
      retryUntilAnswered(() => call(url, 'GET', '/api/v1/cases', { headers })),
    ),
  ])
  return answers.map(({ status, code }) => code ?? String(status))
}
const isAll = async (pair: Pair, verdict: string) =>
  (await verdicts(pair)).every((one) => one === verdict)

/**
 * Refreshes once and checks that no process or back end asks for another refresh, now or a moment
 * later.
 */
async function refreshed({ refresh: token }: Pair): Promise<Pair> {
  const pair = toPair(await retryUntilAnswered(() => refresh(urlOf(1), token)))
  for (let i = 0; i < 20; i += 1) expect(await verdicts(pair)).toEqual(['200', '200', '200', '200'])
  return pair
}

test('a role change ends older access tokens at every process and back end within 5 s, and one refresh returns the new role', async () => {
  await run('user', ['add', 'ayu', '--role', 'admin', '--password-stdin'], password)
  const roles = ['viewer', 'admin', 'editor', 'viewer', 'admin']
  let pair = await login(urlOf(0), 'ayu', password)
  const seconds = await medianSeconds(async () => {
    pair = await refreshed(pair)
    const old = pair
    const role = roles.shift() ?? ''
    expect(await run('user', ['set-role', 'ayu', role])).toMatchObject({ code: 0 })
    return () => isAll(old, 'access_token_expired')
  })
  expect(seconds).toBeLessThan(5)

  pair = await refreshed(pair)
  expect((await me(urlOf(0), pair.access)).data).toMatchObject({ role: 'admin' })
  expect(await run('user', ['set-role', 'ayu', 'admin'])).toMatchObject({ code: 0 })
  expect(await verdicts(pair)).toEqual(['200', '200', '200', '200'])
})

test('a token ended by a role change is refreshed with its refresh token, and the handler sees the new role', async () => {
  await run('user', ['add', 'budi', '--role', 'admin', '--password-stdin'], password)
  const pair = await login(urlOf(0), 'budi', password)
  await run('user', ['set-role', 'budi', 'viewer'])
  await eventually(() => isAll(pair, 'access_token_expired'))
  const answer = await retryUntilAnswered(() =>
    me(urlOf(1), pair.access, { 'x-refresh-token': pair.refresh }),
  )
  expect([answer.status, answer.data?.['role']]).toEqual([200, 'viewer'])
  const renewed = answer.headers.get('x-new-access-token') ?? ''
  expect((await me(urlOf(0), renewed)).data).toMatchObject({ role: 'viewer' })
})

const kidOf = ({ access }: Pair) => {
  const header = Buffer.from(access.split('.')[0] ?? '', 'base64url').toString()
  return (JSON.parse(header) as { kid: string }).kid
}

test.each<[string, (kid: string) => Promise<void>]>([
  [
    'retired by the command',
    async (kid) => expect(await run('keys', ['retire', kid])).toMatchObject({ code: 0 }),
  ],
  [
    'deleted from the database by hand',
    async (kid) =>
      void (await sql.query('delete from auth_api.signing_keys where kid = $1', [kid])),
  ],
])(
  'a signing key that was %s ends its access tokens everywhere within seconds, without `invalid` errors, and one refresh helps',
  async (_, retire) => {
    const pair = await login(urlOf(0))
    await eventually(() => isAll(pair, '200'))
    await retire(kidOf(pair))
    const seen = new Set<string>()
    await eventually(async () => {
      const now = await verdicts(pair)
      for (const verdict of now) seen.add(verdict)
      return now.every((verdict) => verdict === 'access_token_expired')
    }, 20_000)
    expect([...seen].filter((verdict) => verdict !== '200')).toEqual(['access_token_expired'])
    const next = await refreshed(pair)
    expect(kidOf(next)).not.toBe(kidOf(pair))
  },
)
