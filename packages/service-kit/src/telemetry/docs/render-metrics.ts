import { describeInstruments } from '../instruments.ts'
import type { Description } from '../create-labelled-metrics.ts'

const INTRODUCTION = `# Metrics

Generated from \`packages/service-kit\` by \`npm run docs\`; do not edit.

The admin port serves these metrics at \`/metrics\`, \
with the [default metrics of Node](https://github.com/prometheus/client_js#default-metrics). \
A service exports its own metrics, standalone all of them.
Every combination of labels is 0 from the start, so that the first increase is visible. \
No label contains a user, an address or a session. Units are part of the names.
Histograms lead to [traces](tracing.md#one-trace). [What to watch](operations.md#what-to-watch).

| metric | type | labels | from | meaning |
| --- | --- | --- | --- | --- |
`

/** The four figures of the guide. */
const FIGURES = `
## Four figures to start with

**Refresh success rate**: the share of refreshes after which the client has a valid token pair. \
Refusals of reused or expired tokens count against it; internal failures are \`outcome="unavailable"\`.

    sum(rate(auth_refreshes_total{outcome=~"rotated|replayed|not_due|regressed"}[5m])) \
/ sum(rate(auth_refreshes_total[5m]))

**Average time between refreshes**, in seconds. \
With access tokens of 30 minutes it is about 1500; if it is far lower, a client refreshes too often.

    sum(rate(auth_refresh_interval_seconds_sum[1h])) / sum(rate(auth_refresh_interval_seconds_count[1h]))

**Failed refreshes**, by reason:

    sum by (outcome) (increase(auth_refreshes_total{outcome!~"rotated|replayed|not_due|regressed"}[1h]))

**Session durations**: the median by reason of the end, and the average of all:

    histogram_quantile(0.5, sum by (le, end) (rate(auth_session_duration_seconds_bucket[1d])))
    sum(rate(auth_session_duration_seconds_sum[1d])) / sum(rate(auth_session_duration_seconds_count[1d]))

The outcomes of a refresh: [architecture.md](architecture.md#the-rotation-decision).
`

/** Renders `docs/metrics.md`: every instrument, and the queries for the figures of the guide. */
export function renderMetrics(): string {
  return INTRODUCTION + describeInstruments().map(toRow).join('') + FIGURES
}

function toRow({ name, type, from, labels, help }: Description): string {
  const texts = Object.entries(labels).map(([label, values]) => {
    if (label === 'type') return '`type`: of the [event](events.md)'
    return values.length === 0 ? `\`${label}\`` : `\`${label}\`: ${values.join(', ')}`
  })
  const services = from.length === 4 ? 'all' : from.join(', ')
  const cells = [`\`${name}\``, type, texts.join('; '), services, help]
  return `| ${cells.join(' | ')} |\n`
}
