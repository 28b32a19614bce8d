import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** Label names with every value that they can take. */
type LabelSet = Readonly<Record<string, readonly string[]>>
type LabelsOf<L extends LabelSet> = { [Name in keyof L]: L[Name][number] }

/** Metrics whose labels are closed: a value not named here does not compile, and every combination stands at 0 from the start. */
export function createMakers(registry: Registry) {
  const registers = [registry]
  return {
    counter<const L extends LabelSet>(name: string, help: string, labels: L) {
      const metric = new Counter({ name, help, labelNames: Object.keys(labels), registers })
      for (const combination of combinations(labels)) metric.inc(combination, 0)
      return { inc: (at: LabelsOf<L>, by = 1) => metric.inc(at, by) }
    },
    histogram<const L extends LabelSet>(name: string, help: string, buckets: number[], labels: L) {
      const metric = new Histogram({ name, help, buckets, labelNames: Object.keys(labels), registers })
      for (const combination of combinations(labels)) metric.zero(combination)
      return { observe: (at: LabelsOf<L>, value: number) => metric.observe(at, value) }
    },
    plainCounter(name: string, help: string) {
      const metric = new Counter({ name, help, registers })
      return { inc: (by = 1) => metric.inc(by) }
    },
    plainHistogram(name: string, help: string, buckets: number[]) {
      const metric = new Histogram({ name, help, buckets, registers })
      return { observe: (value: number) => metric.observe(value) }
    },
    gauge(name: string, help: string) {
      const metric = new Gauge({ name, help, registers })
      return { set: (value: number) => metric.set(value) }
    },
  }
}

function combinations(labels: LabelSet): Record<string, string>[] {
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (sofar, [name, values]) => sofar.flatMap((combination) => values.map((value) => ({ ...combination, [name]: value }))),
    [{}],
  )
}
