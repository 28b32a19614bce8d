import { execFile } from 'node:child_process'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ERROR_CODES } from '@auto-refresh/contracts'
import { PRODUCT_VERSION } from '@auto-refresh/service-kit/config'
import { createTestDatabase, findFreePort } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { installPythonPackage } from './harness/install-python-package.ts'
import { readBlocks } from './harness/read-blocks.ts'
import { runOperation } from './harness/run-operation.ts'
import {
  REPOSITORY,
  startStandalone,
  temporaryFolder,
  type Standalone,
} from './harness/start-standalone.ts'
import { SHORT_LIVED, LONG_LIVED } from './harness/token-lifetimes.ts'

/**
 * Runs the example of docs/clients/python.md, the promises to clients, and the own tests of the
 * installed package beside real services.
 */
const run = promisify(execFile)
const blocks = readBlocks('docs/clients/python.md')
const [example, printed] = [
  blocks.find(({ code }) => code.includes('session = Session(')),
  blocks.find(({ language }) => language === 'text'),
]
const PACKAGE = join(REPOSITORY, 'clients/python')

/**
 * Two processes on one database with one issuer: tokens of `system` are fresh for the whole test,
 * those of `brief` expire within seconds.
 */
let system: Standalone
let brief: Standalone
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let installed: Awaited<ReturnType<typeof installPythonPackage>>
const inFolder = (name: string) => join(folder.path, name)
const python = (...args: string[]) => run(installed.bin('python'), args, { cwd: folder.path })
const isSource = (path: string) => !/\/(?:\.|venv|dist|__pycache__)[^/]*$/.test(path)
/** Resolves to the output; rejects with it if a test fails. */
async function pytest(file: string, env: Record<string, string>): Promise<string> {
  try {
    const args = ['-q', '--color=no', '-p', 'no:cacheprovider', file]
    const options = { cwd: inFolder('package'), env: { ...process.env, ...env } }
    return (await run(installed.bin('pytest'), args, options)).stdout
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : ''
    throw new Error(`pytest failed:\n${output}`, { cause: error })
  }
}
/** The tests that need no service and the types are checked beside the other tests. */
async function checkAlone() {
  const tested = await pytest('tests/test_fake.py', {})
  const typed = await run(installed.bin('mypy'), [], { cwd: inFolder('package') })
  return { tested, typed: typed.stdout }
}
let alone: ReturnType<typeof checkAlone>
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
  // The copy keeps what a test leaves behind out of the repository.
  await cp(PACKAGE, inFolder('package'), { recursive: true, filter: isSource })
  installed = await installPythonPackage()
  await writeFile(
    inFolder('example.py'),
    example?.code.replaceAll('http://localhost:8000', url) ?? '',
  )
  alone = checkAlone()
  // Its test reports the failure.
  alone.catch(() => {})
})
afterAll(async () => {
  await Promise.all([system.stop(), brief.stop()])
  await folder.remove()
  await database.drop()
})

test('the example signs in and restores its session', async () => {
  expect(blocks.map(({ language }) => language)).toEqual(['sh', 'python', 'text', 'python'])
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

test('the middleware keeps its promises on FastAPI and uvicorn, and its types are complete', async () => {
  const { tested, typed } = await alone
  expect(tested).toMatch(/[1-9]\d passed/)
  expect(typed).toContain('no issues found')
})

test('the middleware keeps its promises beside the real services', async () => {
  const key = await readFile(inFolder('data/keys/API_KEYS'), 'utf8')
  const tested = await pytest('tests/test_services.py', {
    TEST_AUTH_URL: url,
    TEST_BRIEF_AUTH_URL: brief.url,
    TEST_API_KEY: key.trim().split(':').at(-1) ?? '',
  })
  expect(tested).toMatch(/\d passed/)
  expect(tested).not.toContain('skipped')
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

test('the release holds the package alone, its version, and links that work outside the repository', async () => {
  const script = `
import json, importlib.metadata as metadata
name = "auto-refresh-token"
about = metadata.metadata(name)
print(json.dumps({
    "version": about["Version"],
    "urls": about.get_all("Project-URL"),
    "readme": about.get_payload() or about["Description"],
    "files": [str(file) for file in metadata.files(name) if "__pycache__" not in str(file)],
}))`
  const about = JSON.parse((await python('-c', script)).stdout) as {
    version: string
    urls: string[]
    readme: string
    files: string[]
  }
  expect(about.version).toBe(PRODUCT_VERSION)
  expect(about.urls).toContainEqual(expect.stringMatching(/^Homepage, https:/))
  const links = [...about.readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  expect(links.length).toBeGreaterThan(0)
  expect(links.filter((link) => !/^(https:|#)/.test(link))).toEqual([])
  expect(about.files.filter((file) => !/^auto_refresh_token(?:-[^/]+)?\//.test(file))).toEqual([])

  const [source = ''] = (await readdir(installed.release)).filter((name) =>
    name.endsWith('.tar.gz'),
  )
  const listed = (await run('tar', ['-tzf', join(installed.release, source)])).stdout
  const kept =
    /^[^/]+\/(?:src\/auto_refresh_token\/[\w/]+\.(?:py|typed)|LICENSE|README\.md|PKG-INFO|pyproject\.toml|\.gitignore)$/
  expect(
    listed
      .trim()
      .split('\n')
      .filter((file) => !kept.test(file)),
  ).toEqual([])
})

test('the codes of the middleware are those of auth-api', async () => {
  const script = 'import json, auto_refresh_token._refusal as r; print(json.dumps(r.CODES))'
  const codes = JSON.parse((await python('-c', script)).stdout) as Record<string, unknown>
  expect(codes).toEqual(
    Object.fromEntries(
      Object.entries(ERROR_CODES)
        .filter(([code]) => code in codes)
        .map(([code, { status, retryable, message }]) => [code, [status, retryable, message]]),
    ),
  )
})

test('Authlib refreshes, introspects and revokes, and ten refreshes at once get one successor', async () => {
  await run(installed.bin('pip'), ['install', '-q', 'authlib==1.9.10'])
  const client = join(import.meta.dirname, 'harness/authlib-client.py')
  expect((await python(client, url, folder.path)).stdout).toBe('ok\n')
})
