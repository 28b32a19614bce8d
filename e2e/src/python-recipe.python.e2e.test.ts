import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createTestDatabase, findFreePort } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readBlocks } from './harness/read-blocks.ts'
import { runOperation } from './harness/run-operation.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'
import { SHORT_LIVED, LONG_LIVED } from './harness/token-lifetimes.ts'

/**
 * Copies docs/clients/python.md as a reader would: its files, its `pip install`, its example; then
 * checks its promises.
 */
const run = promisify(execFile)
const blocks = readBlocks('docs/clients/python.md')
const files = blocks.filter(({ code }) => /^# \w+\.py\n/.test(code))
const [install, example, printed] = [
  blocks.find(({ language }) => language === 'sh'),
  blocks.find(({ code }) => code.startsWith('from auto_refresh ')),
  blocks.find(({ language }) => language === 'text'),
]

/**
 * Two processes on one database with one issuer: tokens of `system` are fresh for the whole test,
 * those of `brief` expire within seconds.
 */
let system: Standalone
let brief: Standalone
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
const inFolder = (name: string) => join(folder.path, name)
const python = (...args: string[]) =>
  run(inFolder('venv/bin/python'), args, {
    cwd: folder.path,
    env: { ...process.env, PYTHONPATH: folder.path },
  })
/** `localhost`, as in the issuer that is in the tokens. */
let url: string

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  const ports = { port: await findFreePort(), adminPort: await findFreePort() }
  url = `http://localhost:${ports.port}`
  // A superseded refresh token counts as stolen after 1 s.
  const shared = { dataDir: join(folder.path, 'data'), databaseUrl: database.url }
  const env = { ISSUER: url, REFRESH_GRACE_SECONDS: '1' }
  system = await (
    await startStandalone({ ...shared, env: { ...env, ...LONG_LIVED }, ports })
  ).ready()
  brief = await (await startStandalone({ ...shared, env: { ...env, ...SHORT_LIVED } })).ready()
  await run('bash', ['-c', install?.code ?? 'exit 1'], { cwd: folder.path })
  for (const { code } of [...files, { code: `# example.py\n${example?.code}` }]) {
    await writeFile(
      inFolder(/^# (\w+\.py)/.exec(code)?.[1] ?? ''),
      code.replaceAll('http://localhost:8000', url),
    )
  }
})
afterAll(async () => {
  await Promise.all([system.stop(), brief.stop()])
  await folder.remove()
  await database.drop()
})

test('the example signs in and restores its session', async () => {
  expect(blocks.map(({ language }) => language)).toEqual([
    'sh',
    'python',
    'python',
    'text',
    'python',
    'python',
  ])
  // A refresh token starts with its session id.
  const sessionOf = async () =>
    (
      JSON.parse(await readFile(inFolder('session.json'), 'utf8')) as { refresh_token: string }
    ).refresh_token.slice(0, 28)
  expect((await python('example.py')).stdout).toBe(printed?.code)
  const session = await sessionOf()
  expect((await python('example.py')).stdout).toBe(printed?.code)
  expect(await sessionOf()).toBe(session)
})

test.each([
  ['five threads with a due or an expired token cause one refresh, and all succeed', 'threads', 0],
  [
    'a response lost for longer than the window together with the process ends no session',
    'lost_answer',
    0,
  ],
  [
    'no 503, 429, portal or proxy signs a user out, and no token is sent elsewhere',
    'temporary_errors',
    0,
  ],
  [
    'a sign-out ends the session at the server too, and its file is readable by its owner only',
    'sign_out',
    0,
  ],
  ['after a reuse the session reports its end once, and the user can sign in again', 'reuse', 1],
  [
    'an access token is verified offline, and an expired, forged or other token is rejected',
    'verify_tokens',
    0,
  ],
  ['a back end rejects the tokens of a session within seconds of its sign-out', 'revocations', 0],
])('%s', async (_, scenario, alarms) => {
  const before = await system.alarms()
  await python(
    join(import.meta.dirname, 'harness/python-scenarios.py'),
    scenario,
    url,
    `http://localhost:${brief.ports.port}`,
    folder.path,
  )
  expect((await system.alarms()) - before).toBe(alarms)
})

test('a back end notices a changed role in an older token within seconds', async () => {
  const scenario = (name: string) =>
    python(
      join(import.meta.dirname, 'harness/python-scenarios.py'),
      name,
      url,
      `http://localhost:${brief.ports.port}`,
      folder.path,
    )
  await scenario('sign_in')
  const settings = { DATA_DIR: join(folder.path, 'data'), DATABASE_URL: database.url }
  const changed = await runOperation('user', {
    args: ['set-role', 'admin', 'viewer'],
    env: settings,
  })
  expect(changed).toMatchObject({ code: 0 })
  await scenario('role_changed')
  await runOperation('user', { args: ['set-role', 'admin', 'admin'], env: settings })
})

test('Authlib refreshes, introspects and revokes, and ten refreshes at once get one successor', async () => {
  await run(inFolder('venv/bin/pip'), ['install', '-q', 'authlib==1.9.10'])
  const client = join(import.meta.dirname, 'harness/authlib-client.py')
  expect((await python(client, url, folder.path)).stdout).toBe('ok\n')
})
