import type { Measured } from './drive.ts'
import type { Target } from './targets.ts'

/** The result of one target in one round. */
export type Sample = Measured & Readonly<{ round: number; clients: number; name: Target['name'] }>

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** Reference: `to the floor` is the ratio of both rates. */
export type Reference = Readonly<{ title: string; key: keyof Measured; name: Target['name'] }>

/**
 * Returns Markdown: medians over the rounds; a ratio is the median of the ratios within each round,
 * with minimum and maximum.
 */
export function toTable(samples: readonly Sample[], references: readonly Reference[]): string {
  const groups = Map.groupBy(samples, ({ clients, name }) => `${clients}|${name}`)
  const rows = [...groups.values()].map((group) => {
    const middle = (key: keyof Measured, digits: number) =>
      median(group.map((sample) => sample[key])).toFixed(digits)
    const [{ clients, name } = { clients: 0, name: '' }] = group
    return [
      clients,
      name,
      middle('perSecond', 0),
      `${middle('p50Ms', 1)} / ${middle('p99Ms', 1)}`,
      `${middle('ownMicros', 0)} + ${middle('postgresMicros', 0)}`,
      middle('generatorMicros', 0),
      ...references.map((reference) => toRatio(group, samples, reference)),
    ]
  })
  const head = [
    'clients',
    'what',
    'rotations/s',
    'p50 / p99 ms',
    'CPU us: own + Postgres',
    'generator',
    ...references.map(({ title }) => title),
  ]
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

function toRatio(
  group: readonly Sample[],
  samples: readonly Sample[],
  { name, key }: Reference,
): string {
  const ratios = group.flatMap((own) =>
    samples
      .filter(
        (other) =>
          other.name === name && other.round === own.round && other.clients === own.clients,
      )
      .map((other) => own[key] / other[key]),
  )
  if (group[0]?.name === name) return '1'
  return `${median(ratios).toFixed(2)} [${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}]`
}
