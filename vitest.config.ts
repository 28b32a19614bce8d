import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { findMissingEngines } from './packages/local-engines/src/missing-engines.ts'
import { seedKnownBug } from './tools/src/seed-known-bug.ts'

const globalSetup = fileURLToPath(new URL('packages/local-engines/src/vitest-global-setup.ts', import.meta.url))

// npm test lists what is left out here, with the reason.
const leftOut = findMissingEngines(process.env).map(({ engine }) => `src/**/*.${engine}.*.test.ts`)
const knownBug = process.env['TEST_KNOWN_BUG']
const plugins = [seedKnownBug(knownBug)]
// vitest keeps transformed modules between runs by their text, and would serve a bug to the runs after it.
const fsModuleCache = knownBug === undefined

// Everything may stand still for some seconds on a machine that others use too: that must not fail a test.
const expectSoon = { poll: { timeout: 20_000 } }

export default defineConfig({
  test: {
    passWithNoTests: true,
    fsModuleCache,
    projects: [
      { plugins, test: { name: 'unit', include: ['src/**/*.test.ts'], exclude: ['src/**/*.int.test.ts', 'src/**/*.e2e.test.ts'], expect: expectSoon, testTimeout: 30_000, hookTimeout: 30_000 } },
      { plugins, test: { name: 'int', include: ['src/**/*.int.test.ts'], exclude: leftOut, globalSetup, fileParallelism: false, expect: expectSoon, testTimeout: 60_000, hookTimeout: 180_000 } },
      { plugins, test: { name: 'e2e', include: ['src/**/*.e2e.test.ts'], exclude: leftOut, globalSetup, fileParallelism: false, expect: expectSoon, testTimeout: 120_000, hookTimeout: 180_000 } },
    ],
  },
})
