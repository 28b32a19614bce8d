import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderMetrics } from './render-metrics.ts'

/** `npm run docs`: writes `docs/metrics.md`. */
writeFileSync(join(import.meta.dirname, '../../../../../docs/metrics.md'), renderMetrics())
