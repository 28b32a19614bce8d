import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { seedKnownBug } from './tools/src/seed-known-bug.ts'

const globalSetup = fileURLToPath(new URL('packages/local-engines/src/vitest-global-setup.ts', import.meta.url))

const knownBug = process.env['TEST_KNOWN_BUG']
const plugins = [seedKnownBug(knownBug)]
// vitest keeps transformed modules between runs by their text, and would serve a bug to the runs after it.
const fsModuleCache = knownBug === undefined

export default defineConfig({
  test: {
    passWithNoTests: true,
    fsModuleCache,
    projects: [
      { plugins, test: { name: 'unit', include: ['src/**/*.test.ts'], exclude: ['src/**/*.int.test.ts', 'src/**/*.e2e.test.ts'] } },
      { plugins, test: { name: 'int', include: ['src/**/*.int.test.ts'], globalSetup, fileParallelism: false, testTimeout: 60_000, hookTimeout: 120_000 } },
      { plugins, test: { name: 'e2e', include: ['src/**/*.e2e.test.ts'], globalSetup, fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000 } },
    ],
  },
})
