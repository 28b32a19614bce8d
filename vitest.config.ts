import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts'], exclude: ['src/**/*.int.test.ts', 'src/**/*.e2e.test.ts'] } },
      { test: { name: 'int', include: ['src/**/*.int.test.ts'], fileParallelism: false, testTimeout: 60_000, hookTimeout: 120_000 } },
      { test: { name: 'e2e', include: ['src/**/*.e2e.test.ts'], fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000 } },
    ],
  },
})
