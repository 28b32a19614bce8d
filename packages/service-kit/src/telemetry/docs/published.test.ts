import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { renderMetrics } from './render-metrics.ts'

test('docs/metrics.md says what the instruments are (npm run docs writes it)', () => {
  expect(readFileSync(join(import.meta.dirname, '../../../../../docs/metrics.md'), 'utf8')).toBe(
    renderMetrics(),
  )
})
