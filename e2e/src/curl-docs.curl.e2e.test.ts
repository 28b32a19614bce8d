import { createTestDatabase } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isMarkedNotRun, readBlocks } from './harness/read-blocks.ts'
import { startBlockRunner } from './harness/start-block-runner.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'
import { ALWAYS_DUE } from './harness/token-lifetimes.ts'
import { toMatcher, toPattern } from './harness/match-document.ts'

/**
 * Runs docs/clients/curl.md in one shell, on a system whose tokens are due at once and whose grace
 * window is 1 s.
 */
const blocks = readBlocks('docs/clients/curl.md')
const commands = blocks.filter(({ language }) => language === 'sh')

let system: Standalone
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let runner: ReturnType<typeof startBlockRunner>

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  system = await (
    await startStandalone({
      dataDir: folder.path,
      databaseUrl: database.url,
      env: { ...ALWAYS_DUE, REFRESH_GRACE_SECONDS: '1' },
    })
  ).ready()
  const env = { PATH: process.env['PATH'] ?? '', TMPDIR: folder.path }
  runner = startBlockRunner({
    folder: folder.path,
    origin: system.url,
    names: [['http://localhost:8000', system.url]],
    env,
  })
})
afterAll(async () => {
  runner.stop()
  await system.stop()
  await folder.remove()
  await database.drop()
})

test('every block is run', () => {
  expect(commands.length).toBeGreaterThan(7)
  expect(blocks.filter(isMarkedNotRun)).toEqual([])
  expect(new Set(blocks.map(({ language }) => language))).toEqual(new Set(['sh', 'json', 'text']))
})

for (const block of commands) {
  test(`line ${block.line}: ${block.code.split('\n')[0]}`, async () => {
    const output = await runner.run(block)
    const { language, code = '' } = blocks[blocks.indexOf(block) + 1] ?? {}
    if (language === 'json') expect(JSON.parse(output)).toEqual(toMatcher(JSON.parse(code)))
    if (language === 'text') expect(output.trim()).toMatch(toPattern(code))
  })
}

const sh = (code: string) => runner.run({ language: 'sh', code, line: 0 })
const signIn = () => sh(commands.find(({ code }) => code.includes('$auth/token'))?.code ?? 'exit 1')

test('a call refreshes a due token, and the new pair is used afterwards', async () => {
  await signIn()
  const before = await sh('echo $refresh')
  await sh('call $auth/me > me; [ "$(header x-token-refreshed)" = true ]')
  expect(await sh('. ./session; echo $refresh')).not.toBe(before)
  await sh('call $auth/me | grep admin')
  expect(await system.alarms()).toBe(0)
})

test.each([
  ['no connection', 'command curl "$@" --retry 0 --connect-to ::localhost:1'],
  ['a proxy that says 401', "echo '<html>' > answer; printf 401"],
  ['a portal that says 200', "echo '<html>' > answer; printf 200"],
])('%s ends no session', async (_, curl) => {
  await signIn()
  expect(await sh(`curl() { ${curl}; }; renew || [ $? = 2 ]`)).toBe(
    'not now, and nothing is lost\n',
  )
  expect(await sh('unset -f curl; . ./session && renew')).toBe('renewed\n')
})
