import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { DASHBOARDS } from '../dashboards.ts'
import { createAskPrometheus } from './create-ask-prometheus.ts'
import { renderPage } from './render-page.ts'

/**
 * `npm run preview -w grafana -- --prometheus URL [--minutes 60] [--out preview.html]`: the
 * dashboards on one page, without Grafana.
 */
const { values } = parseArgs({
  options: {
    prometheus: { type: 'string', default: 'http://localhost:9090' },
    minutes: { type: 'string', default: '60' },
    out: { type: 'string', default: 'preview.html' },
  },
})
const out = resolve(values.out)
const ask = createAskPrometheus({
  url: values.prometheus,
  minutes: Number(values.minutes),
  nowSeconds: Date.now() / 1000,
})
await fetch(values.prometheus).catch(() => {
  console.error(`No Prometheus answers at ${values.prometheus}`)
  process.exit(1)
})
writeFileSync(out, await renderPage({ dashboards: Object.values(DASHBOARDS), ask }))
console.log(`wrote ${out}`)
