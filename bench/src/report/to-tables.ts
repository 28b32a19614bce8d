import type { Measured } from '../drive.ts'
import { median } from './median.ts'
import { toMarkdown } from './to-markdown.ts'

/** The result of one target in one round. */
export type Sample = Measured & Readonly<{ round: number; clients: number; name: string }>
/** A column of ratios: `key` of a target to `key` of the target `name`. */
export type Reference = Readonly<{ title: string; key: keyof Measured; name: string }>
export type Ratio = Readonly<{ middle: number; least: number; greatest: number }>

/**
 * Returns two Markdown tables: the comparison with its ratios first, and what one rotation writes
 * and sends. Values are medians over the rounds.
 */
export function toTables(
  samples: readonly Sample[],
  references: readonly Reference[],
): { comparison: string; costs: string } {
  const groups = [...Map.groupBy(samples, ({ clients, name }) => `${clients}|${name}`).values()]
  const comparison = groups.map((group) => {
    const { middle, start } = summarize(group)
    return [
      ...start,
      ...references.map((reference) =>
        group[0]?.name === reference.name ? '1' : toText(toRatio(group, samples, reference)),
      ),
      middle('perSecond', 0),
      `${middle('p50Ms', 1)} / ${middle('p99Ms', 1)}`,
      `${middle('ownMicros', 0)} + ${middle('postgresMicros', 0)}`,
      `${middle('generatorMicros', 0)} (${middle('generatorPercent', 0)} %)`,
    ]
  })
  const costs = groups.map((group) => {
    const { middle, start } = summarize(group)
    return [
      ...start,
      middle('commits', 2),
      middle('fsyncs', 2),
      middle('walBytes', 0),
      middle('httpBytes', 0),
    ]
  })
  return {
    comparison: toMarkdown(
      [
        'clients',
        'what',
        ...references.map(({ title }) => title),
        'rotations/s',
        'p50 / p99 ms',
        'CPU us: own + Postgres',
        'generator',
      ],
      comparison,
    ),
    costs: toMarkdown(
      ['clients', 'what', 'commits', 'WAL fsyncs', 'WAL bytes', 'HTTP bytes'],
      costs,
    ),
  }
}

/** Returns the ratio within each round: its median, minimum and maximum. */
export function toRatio(
  group: readonly Sample[],
  samples: readonly Sample[],
  { name, key }: Pick<Reference, 'name' | 'key'>,
): Ratio {
  const ratios = group.flatMap((own) =>
    samples
      .filter(
        (other) =>
          other.name === name && other.round === own.round && other.clients === own.clients,
      )
      .map((other) => own[key] / other[key]),
  )
  return { middle: median(ratios), least: Math.min(...ratios), greatest: Math.max(...ratios) }
}

/** `1.83 [1.72-2.38]` */
export const toText = ({ middle, least, greatest }: Ratio) =>
  `${middle.toFixed(2)} [${least.toFixed(2)}-${greatest.toFixed(2)}]`

function summarize(group: readonly Sample[]) {
  const [{ clients, name } = { clients: 0, name: '' }] = group
  return {
    start: [clients, name],
    middle: (key: keyof Measured, digits: number) =>
      median(group.map((sample) => sample[key])).toFixed(digits),
  }
}
