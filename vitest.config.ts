import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { findMissingEngines } from './packages/test-engines/src/find-missing-engines.ts'
import { seedKnownBug } from './tools/src/seed-known-bug.ts'

const globalSetup = fileURLToPath(
  new URL('packages/test-engines/src/vitest-global-setup.ts', import.meta.url),
)

// npm test lists what is left out here, with the reason.
const leftOut = findMissingEngines(process.env).map(({ engine }) => `src/**/*.${engine}.*.test.ts`)
const knownBug = process.env['TEST_KNOWN_BUG']
const plugins = [seedKnownBug(knownBug)]
// vitest keeps transformed modules between runs by their text, and would serve a bug to the runs
// after it.
const fsModuleCache = knownBug === undefined

// Deadlines only end a test that hangs. They say nothing about the product: a busy machine is ten
// times as slow.
const expect = { poll: { timeout: 60_000 } }

// A script of npm leaves its results for the summary of npm test.
const script = process.env['npm_lifecycle_event']
// They wait for Kafka most of the time, so npm test runs them beside the others, as test:kafka.
const apart = script === 'test:e2e' ? ['src/**/*.kafka.*'] : []
const report =
  script?.startsWith('test') === true && knownBug === undefined
    ? `test-results/${script.replace(':', '-')}.json`
    : undefined

export default defineConfig({
  test: {
    passWithNoTests: true,
    reporters: [
      'default',
      ...(report === undefined ? [] : [['json', { outputFile: report }] as const]),
    ],
    fsModuleCache,
    projects: [
      {
        plugins,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts'],
          exclude: ['src/**/*.int.test.ts', 'src/**/*.e2e.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect,
        },
      },
      {
        plugins,
        test: {
          name: 'int',
          include: ['src/**/*.int.test.ts'],
          exclude: leftOut,
          globalSetup,
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          expect,
        },
      },
      {
        plugins,
        test: {
          name: 'e2e',
          include: ['src/**/*.e2e.test.ts'],
          exclude: [...leftOut, ...apart],
          globalSetup,
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          expect,
        },
      },
    ],
  },
})
