export type Series = Readonly<{
  labels: Record<string, string>
  values: readonly (readonly [number, number])[]
}>
export type Answer = { series: Series[] } | { error: string }
export type Ask = (expr: string) => Promise<Answer>

/**
 * Asks over the last minutes, in 120 steps, with the variables of a dashboard standing at "All".
 */
export function createAskPrometheus({
  url,
  minutes,
  nowSeconds,
}: {
  url: string
  minutes: number
  nowSeconds: number
}): Ask {
  const step = Math.max(5, Math.round((minutes * 60) / 120))
  const known: Record<string, string> = {
    __rate_interval: `${4 * step}s`,
    __range: `${minutes}m`,
    service: '.*',
    instance: '.*',
  }
  return async (expr) => {
    const query = expr.replaceAll(/\$(\w+)/g, (text, name: string) => known[name] ?? text)
    const form = new URLSearchParams({
      query,
      start: String(nowSeconds - minutes * 60),
      end: String(nowSeconds),
      step: String(step),
    })
    const response = await fetch(new URL('/api/v1/query_range', url), {
      method: 'POST',
      body: form,
    })
    const { data, error } = (await response.json()) as {
      data?: { result: { metric: Record<string, string>; values: [number, string][] }[] }
      error?: string
    }
    if (data === undefined) return { error: error ?? `HTTP ${response.status}` }
    return {
      series: data.result.map(({ metric, values }) => ({
        labels: metric,
        values: values.map(([at, value]) => [at, Number(value)] as const),
      })),
    }
  }
}
