import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DASHBOARDS, toJson } from './dashboards.ts'

/** `npm run dashboards -w grafana` writes `dashboards/*.json`. */
for (const [name, dashboard] of Object.entries(DASHBOARDS))
  writeFileSync(join(import.meta.dirname, '../dashboards', `${name}.json`), toJson(dashboard))
