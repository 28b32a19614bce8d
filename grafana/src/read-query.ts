import { parser } from '@prometheus-io/lezer-promql'

export type Query = Readonly<{
  isValid: boolean
  metrics: readonly string[]
  ranges: readonly string[]
  bareCounters: readonly string[]
}>

const VARIABLES: Record<string, string> = { __rate_interval: '1m1s', __range: '1m2s' }
const COUNTER = /_(total|bucket|sum|count)$/
const OVER_TIME = ['Rate', 'Increase']

/** Reads a PromQL query: its metric names, the ranges of its rates, and counters without a rate. */
export function readQuery(expr: string): Query {
  const text = expr.replaceAll(/\$(\w+)/g, (_, name: string) => VARIABLES[name] ?? 'x')
  const metrics = new Set<string>()
  const ranges = new Set<string>()
  const bareCounters = new Set<string>()
  let isValid = true
  parser.parse(text).iterate({
    enter(node) {
      if (node.type.isError) isValid = false
      if (node.name !== 'VectorSelector') return
      const name = text.slice(node.from, node.node.getChild('Identifier')?.to ?? node.from)
      metrics.add(name)
      const around = text.slice(0, node.from)
      const isInRate =
        node.node.parent?.name === 'MatrixSelector' &&
        OVER_TIME.some((each) => around.endsWith(`${each.toLowerCase()}(`))
      if (COUNTER.test(name) && !isInRate) bareCounters.add(name)
      if (isInRate) ranges.add(text.slice(node.to, node.node.parent?.to))
    },
  })
  return {
    isValid,
    metrics: [...metrics],
    bareCounters: [...bareCounters],
    ranges: [...ranges].map((range) =>
      range.replace('1m1s', '$__rate_interval').replace('1m2s', '$__range'),
    ),
  }
}
