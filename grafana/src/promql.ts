import { AT } from './panels.ts'

type Options = Readonly<{ by?: string; where?: string }>

const matchers = (where: string | undefined) => (where === undefined ? AT : `${AT}, ${where}`)
const sum = (by: string | undefined) => (by === undefined ? 'sum' : `sum by (${by}) `)

/** Increase of a counter per second, summed over the selected processes, by the labels in `by`. */
export const perSecond = (counter: string, { by, where }: Options = {}) =>
  `${sum(by)}(rate(${counter}{${matchers(where)}}[$__rate_interval]))`

export const ratio = (part: string, whole: string) => `${part} / ${whole}`

/** A quantile (0 to 1) of a histogram over the selected processes, by the labels in `by`. */
export const quantile = (share: number, histogram: string, { by, where }: Options = {}) => {
  const buckets = perSecond(`${histogram}_bucket`, {
    by: by === undefined ? 'le' : `le, ${by}`,
    ...(where === undefined ? {} : { where }),
  })
  return `histogram_quantile(${share}, ${buckets})`
}
