import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTestDatabase, eventually, findFreePort } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ageSession } from './harness/age-session.ts'
import { isMarkedNotRun, readBlocks, settingsOf, type Block } from './harness/read-blocks.ts'
import { startBlockRunner } from './harness/start-block-runner.ts'
import {
  REPOSITORY,
  startStandalone,
  temporaryFolder,
  type Standalone,
} from './harness/start-standalone.ts'
import { toMatcher, toPattern } from './harness/match-document.ts'

/** Runs the guide as a reader would. Both languages show the same code, so one of them is run. */
const blocks = readBlocks('docs/guide.md')
const isStart = ({ code }: Block) => code.endsWith('npm start\n')
const runnable = blocks.filter(
  (block) =>
    ['http', 'sh', 'js'].includes(block.language) && !isMarkedNotRun(block) && !isStart(block),
)
const answerTo = (block: Block) => blocks[blocks.indexOf(block) + 1]
const settings = new Set(
  [
    ...readFileSync(join(REPOSITORY, '.env.example'), 'utf8').matchAll(/^#([A-Z][A-Z0-9_]*)=/gm),
  ].map(([, name]) => name),
)

test('both languages show the same code in the same order', () => {
  const shown = (path: string) =>
    readBlocks(path).map(({ language, code }) => [
      language,
      language === 'mermaid' ? code.split('\n').length : code,
    ])
  expect(shown('docs/guide.id.md')).toEqual(shown('docs/guide.md'))
})

test('every block is run or compared, except those marked as not run', () => {
  expect(blocks.filter(isMarkedNotRun).map(({ code }) => code.split('\n')[0])).toEqual([
    '// not run by the tests: Node keeps no cookies',
  ])
  expect(runnable.length).toBeGreaterThan(15)
  expect(
    runnable
      .filter((block) => !['json', 'text'].includes(answerTo(block)?.language ?? ''))
      .map(({ line }) => line),
  ).toEqual([])
  const answers = new Set(runnable.map(answerTo))
  const others = blocks.filter(
    (block) =>
      !runnable.includes(block) && !answers.has(block) && !isMarkedNotRun(block) && !isStart(block),
  )
  expect(new Set(others.map(({ language }) => language))).toEqual(
    new Set(['mermaid', 'env', 'log']),
  )
})

test('every setting in it exists', () => {
  const named = blocks
    .filter((block) => block.language === 'env' || isStart(block))
    .flatMap(({ code }) => Object.keys(settingsOf(code)))
  expect(named.length).toBeGreaterThan(15)
  expect(named.filter((name) => !settings.has(name))).toEqual([])
})

describe('as shown', () => {
  const systems: Standalone[] = []
  const undo: Array<() => Promise<unknown>> = []
  let runner: ReturnType<typeof startBlockRunner>
  let hurryDatabase = ''

  beforeAll(async () => {
    const names: Array<[string, string]> = []
    let env: Record<string, string> = {}
    for (const { code } of blocks.filter(isStart)) {
      const {
        PORT = '8000',
        ADMIN_PORT = '9101',
        DATA_DIR = 'data',
        ISSUER = '',
        ...rest
      } = settingsOf(code)
      const database = await createTestDatabase()
      const folder = await temporaryFolder()
      const ports = { port: await findFreePort(), adminPort: await findFreePort() }
      names.push(
        [`:${PORT}`, `:${ports.port}`],
        [`:${ADMIN_PORT}`, `:${ports.adminPort}`],
        [`${DATA_DIR}/keys`, `${folder.path}/keys`],
      )
      const own = {
        ...rest,
        ...(ISSUER === '' ? {} : { ISSUER: ISSUER.replace(PORT, String(ports.port)) }),
      }
      const system = await startStandalone({
        dataDir: folder.path,
        databaseUrl: database.url,
        env: own,
        ports,
      })
      undo.push(() => system.stop(), folder.remove, database.drop)
      systems.push(await system.ready())
      hurryDatabase = database.url
      if (systems.length === 1) env = { DATA_DIR: folder.path, DATABASE_URL: database.url }
    }
    const folder = await temporaryFolder()
    undo.push(folder.remove)
    const port = await findFreePort()
    names.push([':8200', `:${port}`], ['port: 8200', `port: ${port}`])
    runner = startBlockRunner({
      folder: folder.path,
      origin: systems[0]?.url ?? '',
      names,
      env: { PATH: process.env['PATH'] ?? '', ...env },
    })
  })
  afterAll(async () => {
    runner.stop()
    for (const step of undo) await step()
  })

  for (const block of runnable) {
    test(`line ${block.line}: ${block.code.split('\n').find((line) => line !== '' && !line.startsWith('import'))}`, async () => {
      // For a reader the window has passed. Time in which the process stalled does not count
      // towards the window.
      if (block.code === 'again\n') await ageSession(hurryDatabase, runner.refreshToken())
      const output = await runner.run(block)
      const { language, code } = answerTo(block) ?? {}
      if (language === 'json') expect(JSON.parse(output)).toEqual(toMatcher(JSON.parse(code ?? '')))
      else expect(output.trim()).toMatch(toPattern(code ?? ''))
    })
  }

  test('the debug lines are the logged ones', async () => {
    const shown = blocks
      .filter(({ language }) => language === 'log')
      .flatMap(({ code }) =>
        code
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as object),
      )
    expect(shown.length).toBeGreaterThan(0)
    const isLogged = (line: object) =>
      systems.some((system) =>
        system
          .output()
          .split('\n')
          .some((text) => text.startsWith('{') && isLike(JSON.parse(text), line)),
      )
    await eventually(() => shown.every(isLogged))
  })
})

function isLike(actual: unknown, shown: object): boolean {
  try {
    expect(actual).toEqual(toMatcher(shown))
    return true
  } catch {
    return false
  }
}
