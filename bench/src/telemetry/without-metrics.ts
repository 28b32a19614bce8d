import { createRequire } from 'node:module'
import type { Counter, Gauge, Histogram } from 'prom-client'

type Class<T> = { prototype: T }
type PromClient = {
  Counter: Class<Counter>
  Gauge: Class<Gauge>
  Histogram: Class<
    Record<'observe' | 'observeWithExemplar' | 'observeWithoutExemplar', Histogram['observe']>
  >
  collectDefaultMetrics: unknown
}

/**
 * Loaded before the product: its metrics exist but count nothing, because the product needs them.
 */
const nothing = () => {}
const client = createRequire(import.meta.url)('prom-client') as PromClient
client.Counter.prototype.inc = nothing
client.Gauge.prototype.set = nothing
client.Histogram.prototype.observeWithExemplar = nothing
client.Histogram.prototype.observeWithoutExemplar = nothing
client.collectDefaultMetrics = nothing
