import type { Tracing } from '@auto-refresh/contracts'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { toTraceIds } from './to-trace-ids.ts'

/** Label names with all their values. */
type LabelSet = Readonly<Record<string, readonly string[]>>
type LabelsOf<L extends LabelSet> = { [Name in keyof L]: L[Name][number] }

/** An instrument, as shown in docs/metrics.md. The values of a label without values are open. */
export type Description = Readonly<{
  name: string
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  from: readonly string[]
  labels: LabelSet
}>

/**
 * Creates metrics with closed labels: other values do not compile, and every combination is 0 from
 * the start. Metrics with `isExported: false` work, so that callers need no check, but are not in
 * the registry.
 */
export function createLabelledMetrics({
  registry,
  from,
  isExported,
  tracing,
  onCreated,
}: {
  registry: Registry
  from: readonly string[]
  isExported: boolean
  /** for exemplars: each bucket has the last trace in it, which leads to a slow request */
  tracing: Pick<Tracing, 'current'>
  onCreated: (description: Description) => void
}) {
  const registers = isExported ? [registry] : []
  const describe = (type: Description['type'], name: string, help: string, labels: LabelSet = {}) =>
    onCreated({ type, name, help, labels, from })
  return {
    counter<const L extends LabelSet>(name: string, help: string, labels: L) {
      describe('counter', name, help, labels)
      const metric = new Counter({ name, help, labelNames: Object.keys(labels), registers })
      for (const combination of combinations(labels)) metric.inc(combination, 0)
      return { inc: (at: LabelsOf<L>, by = 1) => metric.inc(at, by) }
    },
    histogram<const L extends LabelSet>(name: string, help: string, buckets: number[], labels: L) {
      describe('histogram', name, help, labels)
      const metric = new Histogram({
        name,
        help,
        buckets,
        labelNames: Object.keys(labels),
        registers,
        enableExemplars: true,
      })
      for (const combination of combinations(labels)) metric.zero(combination)
      return {
        observe: (at: LabelsOf<L>, value: number) =>
          metric.observe({ labels: at, value, exemplarLabels: toTraceIds(tracing.current()) }),
        zero: (at: LabelsOf<L>) => metric.zero(at),
      }
    },
    gauge<const L extends LabelSet>(name: string, help: string, labels: L) {
      describe('gauge', name, help, labels)
      const metric = new Gauge({ name, help, labelNames: Object.keys(labels), registers })
      for (const combination of combinations(labels)) metric.set(combination, 0)
      return { set: (at: LabelsOf<L>, value: number) => metric.set(at, value) }
    },
    plainCounter(name: string, help: string) {
      describe('counter', name, help)
      const metric = new Counter({ name, help, registers })
      return { inc: (by = 1) => metric.inc(by) }
    },
    plainHistogram(name: string, help: string, buckets: number[]) {
      describe('histogram', name, help)
      const metric = new Histogram<string>({
        name,
        help,
        buckets,
        registers,
        enableExemplars: true,
      })
      return {
        observe: (value: number) =>
          metric.observe({ value, exemplarLabels: toTraceIds(tracing.current()) }),
      }
    },
    plainGauge(name: string, help: string) {
      describe('gauge', name, help)
      const metric = new Gauge({ name, help, registers })
      return { set: (value: number) => metric.set(value) }
    },
  }
}

/** All combinations of label values; none if a label has no values. */
function combinations(labels: LabelSet): Record<string, string>[] {
  if (Object.keys(labels).length === 0) return []
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (sofar, [name, values]) =>
      sofar.flatMap((combination) => values.map((value) => ({ ...combination, [name]: value }))),
    [{}],
  )
}
