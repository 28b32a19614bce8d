import type { Tracing } from '@auto-refresh/contracts'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { toTraceIds } from './to-trace-ids.ts'

/** Label names with every value that they can take. */
type LabelSet = Readonly<Record<string, readonly string[]>>
type LabelsOf<L extends LabelSet> = { [Name in keyof L]: L[Name][number] }

/**
 * An instrument, as docs/metrics.md shows it. A label without values takes values that are not
 * known beforehand.
 */
export type Description = Readonly<{
  name: string
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  from: readonly string[]
  labels: LabelSet
}>

/**
 * Metrics whose labels are closed: a value not named here does not compile, and every combination
 * stands at 0 from the start. `isExported` decides what this process shows: the others exist all
 * the same, so that no caller has to ask, and are seen by nobody.
 */
export function createLabelledMetrics({
  registry,
  from,
  isExported,
  tracing,
  onMade,
}: {
  registry: Registry
  from: readonly string[]
  isExported: boolean
  /**
   * a bucket remembers the last trace that fell into it, which leads from a slow request to what it
   * did
   */
  tracing: Pick<Tracing, 'current'>
  onMade: (description: Description) => void
}) {
  const registers = isExported ? [registry] : []
  const tell = (type: Description['type'], name: string, help: string, labels: LabelSet = {}) =>
    onMade({ type, name, help, labels, from })
  return {
    counter<const L extends LabelSet>(name: string, help: string, labels: L) {
      tell('counter', name, help, labels)
      const metric = new Counter({ name, help, labelNames: Object.keys(labels), registers })
      for (const combination of combinations(labels)) metric.inc(combination, 0)
      return { inc: (at: LabelsOf<L>, by = 1) => metric.inc(at, by) }
    },
    histogram<const L extends LabelSet>(name: string, help: string, buckets: number[], labels: L) {
      tell('histogram', name, help, labels)
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
      tell('gauge', name, help, labels)
      const metric = new Gauge({ name, help, labelNames: Object.keys(labels), registers })
      for (const combination of combinations(labels)) metric.set(combination, 0)
      return { set: (at: LabelsOf<L>, value: number) => metric.set(at, value) }
    },
    plainCounter(name: string, help: string) {
      tell('counter', name, help)
      const metric = new Counter({ name, help, registers })
      return { inc: (by = 1) => metric.inc(by) }
    },
    plainHistogram(name: string, help: string, buckets: number[]) {
      tell('histogram', name, help)
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
      tell('gauge', name, help)
      const metric = new Gauge({ name, help, registers })
      return { set: (value: number) => metric.set(value) }
    },
  }
}

/** None where a label has no values. */
function combinations(labels: LabelSet): Record<string, string>[] {
  if (Object.keys(labels).length === 0) return []
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (sofar, [name, values]) =>
      sofar.flatMap((combination) => values.map((value) => ({ ...combination, [name]: value }))),
    [{}],
  )
}
