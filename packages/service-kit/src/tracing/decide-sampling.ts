/** `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`. */
export type Sampling = Readonly<{ parentBased: boolean; ratio: number }>

/** A trace begins only with a request to the public API, not with a scrape, probe or internal call. */
const PUBLIC_API = '/api/'

/**
 * Decides whether a request is traced, before a span is created: a sampler called during creation
 * costs almost as much as a recorded span.
 */
export function decideSampling(
  {
    route,
    parentSampled,
    random,
  }: {
    route: string
    /** undefined if the caller sends no `traceparent` */
    parentSampled: boolean | undefined
    random: number
  },
  { parentBased, ratio }: Sampling,
): boolean {
  if (parentSampled === undefined) return route.startsWith(PUBLIC_API) && random < ratio
  return parentBased ? parentSampled : random < ratio
}
