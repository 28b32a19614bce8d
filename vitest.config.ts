import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const globalSetup = fileURLToPath(new URL('packages/local-engines/src/vitest-global-setup.ts', import.meta.url))

export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts'], exclude: ['src/**/*.int.test.ts', 'src/**/*.e2e.test.ts'] } },
      { test: { name: 'int', include: ['src/**/*.int.test.ts'], globalSetup, fileParallelism: false, testTimeout: 60_000, hookTimeout: 120_000 } },
      { test: { name: 'e2e', include: ['src/**/*.e2e.test.ts'], globalSetup, fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000 } },
    ],
  },
})
