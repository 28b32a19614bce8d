/** `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`. */
export type Sampling = Readonly<{ parentBased: boolean; ratio: number }>

/**
 * A trace begins with a request to the public API, and nowhere else: not with a scrape, a probe or
 * a call between services.
 */
const BEGINS = '/api/'

/**
 * Whether a request is traced, decided before there is a span: a sampler that is asked while it is
 * made costs almost as much as a span that is kept.
 */
export function decideSampling(
  {
    route,
    parentSampled,
    random,
  }: {
    route: string
    /** undefined: the caller traces nothing */
    parentSampled: boolean | undefined
    random: number
  },
  { parentBased, ratio }: Sampling,
): boolean {
  if (parentSampled === undefined) return route.startsWith(BEGINS) && random < ratio
  return parentBased ? parentSampled : random < ratio
}
