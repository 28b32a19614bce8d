import { readEnvironment, type Environment } from './read-environment.ts'

const SAMPLERS = ['parentbased_always_on', 'parentbased_traceidratio', 'parentbased_always_off', 'always_on', 'traceidratio', 'always_off'] as const

/**
 * OpenTelemetry's own names, with its own defaults. `undefined` without an endpoint: then nothing is traced. Where and how to
 * send, the exporter reads from the environment by itself: endpoints, headers, certificates. Throws a `ConfigError`.
 */
export function parseTraceSettings(environment: Environment) {
  const env = readEnvironment(environment)
  const protocols = ['http:', 'https:']
  const endpoints = [
    env.url('OTEL_EXPORTER_OTLP_ENDPOINT', { protocols, default: undefined }),
    env.url('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', { protocols, default: undefined }),
  ]
  const disabled = [env.boolean('OTEL_SDK_DISABLED', { default: false }), env.oneOf('OTEL_TRACES_EXPORTER', ['otlp', 'none'], { default: 'otlp' }) === 'none']
  // Sent by the exporter, which would fail with each of a form that no header can have.
  env.string('OTEL_EXPORTER_OTLP_HEADERS', { default: undefined })
  const sampler = env.oneOf('OTEL_TRACES_SAMPLER', SAMPLERS, { default: 'parentbased_always_on' })
  const given = env.decimal('OTEL_TRACES_SAMPLER_ARG', { default: 1, min: 0, max: 1 })
  const settings = env.done({
    serviceName: env.string('OTEL_SERVICE_NAME', { default: undefined }),
    resource: Object.fromEntries(env.list('OTEL_RESOURCE_ATTRIBUTES', { default: [] }).map(toAttribute)),
    protocol: env.oneOf('OTEL_EXPORTER_OTLP_PROTOCOL', ['http/protobuf', 'http/json'], { default: 'http/protobuf' }),
    sampling: {
      parentBased: sampler.startsWith('parentbased_'),
      ratio: sampler.endsWith('always_off') ? 0 : sampler.endsWith('always_on') ? 1 : given,
    },
  })
  return endpoints.every((endpoint) => endpoint === undefined) || disabled.includes(true) ? undefined : settings
}

function toAttribute(entry: string): [string, string] {
  const [key = '', value = ''] = entry.split(/=(.*)/)
  return [key.trim(), decode(value.trim())]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
