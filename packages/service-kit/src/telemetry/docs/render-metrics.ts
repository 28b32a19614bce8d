import { describeInstruments } from '../instruments.ts'
import type { Description } from '../create-labelled-metrics.ts'

const INTRODUCTION = `# Metrics

Generated from \`packages/service-kit\` by \`npm run docs\`; do not edit.

\`/metrics\` on the admin port, besides the [default metrics of Node](https://github.com/prometheus/client_js#default-metrics). A service exports its own, standalone all of them.
Every combination of labels stands at 0 from the start, so that a first increase is seen; of the times of HTTP requests, those of each route's own methods with 2xx, 4xx and 5xx. No label is ever a user, an address or a session.
A scrape that accepts OpenMetrics, as Prometheus does, gets the same with exemplars: histograms lead to [traces](tracing.md).
What to watch: [operations.md](operations.md#what-to-watch). What an alert asks for: [operations](runbooks/operations.md), [security](runbooks/security.md).

| metric | type | unit | labels | from | tells |
| --- | --- | --- | --- | --- | --- |
`

/** The four figures that the guide asks for. */
const FIGURES = `
## Four figures to start with

**Refresh success rate**: of all refreshes, those that left the client with a pair that works. Refusals of spent, stolen or expired tokens count against it; trouble of ours alone is \`outcome="unavailable"\`.

    sum(rate(auth_refreshes_total{outcome=~"rotated|replayed|not_due|regressed"}[5m])) / sum(rate(auth_refreshes_total[5m]))

**Average time between refreshes**, in seconds. With access tokens of 30 minutes, due 5 minutes before their end, it lies near 1500; far below, a client refreshes without need.

    sum(rate(auth_refresh_interval_seconds_sum[1h])) / sum(rate(auth_refresh_interval_seconds_count[1h]))

**Failed refreshes**, by reason:

    sum by (outcome) (increase(auth_refreshes_total{outcome!~"rotated|replayed|not_due|regressed"}[1h]))

**Session durations**: the median by what ended them, and the average over all:

    histogram_quantile(0.5, sum by (le, end) (rate(auth_session_duration_seconds_bucket[1d])))
    sum(rate(auth_session_duration_seconds_sum[1d])) / sum(rate(auth_session_duration_seconds_count[1d]))

The outcomes of a refresh: [architecture.md](architecture.md#the-rotation-decision).
`

/** `docs/metrics.md`: every instrument, and how the figures of the guide are asked for. */
export function renderMetrics(): string {
  return INTRODUCTION + describeInstruments().map(toRow).join('') + FIGURES
}

function toRow({ name, type, from, labels, help }: Description): string {
  const texts = Object.entries(labels).map(([label, values]) => {
    if (label === 'type') return '`type`: of the [event](events.md)'
    return values.length === 0 ? `\`${label}\`` : `\`${label}\`: ${values.join(', ')}`
  })
  return `| \`${name}\` | ${type} | ${toUnit(name)} | ${texts.join('; ')} | ${from.length === 4 ? 'all' : from.join(', ')} | ${help} |\n`
}

/** By the naming rules of Prometheus the unit stands in the name. */
function toUnit(name: string): string {
  if (name.endsWith('_timestamp_seconds')) return 'Unix time in seconds'
  return name.includes('_seconds') ? 'seconds' : ''
}
