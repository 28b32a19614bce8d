import { Registry, type Metric, type RegistryContentType } from 'prom-client'

/** A registry for metrics with exemplars; prom-client requires an OpenMetrics one for them. */
export function createRegistry(): Registry {
  const registry = new Registry<RegistryContentType>()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  return registry as Registry
}

/**
 * Renders all metrics as OpenMetrics, the only format with exemplars, if `accept` contains it, else
 * as Prometheus text. A registry of prom-client has one format, and an OpenMetrics one removes
 * `_total` from the names of its counters for good. So each scrape uses a registry of its own with
 * copies of the metrics.
 */
export async function writeMetrics(
  registry: Registry,
  accept: string,
): Promise<{ contentType: string; text: string }> {
  const own = new Registry<RegistryContentType>()
  own.setContentType(
    accept.includes('application/openmetrics-text')
      ? Registry.OPENMETRICS_CONTENT_TYPE
      : Registry.PROMETHEUS_CONTENT_TYPE,
  )
  for (const metric of registry.getMetricsAsArray())
    own.registerMetric(Object.create(metric) as Metric)
  return { contentType: own.contentType, text: await own.metrics() }
}
