import { Registry, type Metric, type RegistryContentType } from 'prom-client'

/** One that takes metrics with exemplars, which prom-client allows those of OpenMetrics alone. */
export function createRegistry(): Registry {
  const registry = new Registry<RegistryContentType>()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  return registry as Registry
}

/**
 * All metrics as text: of OpenMetrics, which alone has exemplars, for who accepts it, else of
 * Prometheus. A registry of prom-client has one format, and one of OpenMetrics takes `_total` from
 * the names of its counters for good: so each scrape has a registry of its own, to which the
 * metrics are lent.
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
