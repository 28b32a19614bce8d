import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { renderMetrics } from './render-metrics.ts'

test('docs/metrics.md is up to date (npm run docs writes it)', () => {
  expect(readFileSync(join(import.meta.dirname, '../../../../../docs/metrics.md'), 'utf8')).toBe(
    renderMetrics(),
  )
})
