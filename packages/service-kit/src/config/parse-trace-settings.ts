import { readEnvironment, type Environment } from './read-environment.ts'

const SAMPLERS = [
  'parentbased_always_on',
  'parentbased_traceidratio',
  'parentbased_always_off',
  'always_on',
  'traceidratio',
  'always_off',
] as const

/**
 * Reads OpenTelemetry's standard settings, with its defaults; docs/tracing.md lists them. Returns
 * `undefined` without an endpoint: then nothing is traced. The SDK itself reads the endpoint, the
 * protocol, the headers and the name of the service. Throws a `ConfigError`.
 */
export function parseTraceSettings(environment: Environment) {
  const env = readEnvironment(environment)
  const protocols = ['http:', 'https:']
  const endpoints = [
    env.url('OTEL_EXPORTER_OTLP_ENDPOINT', {
      protocols,
      default: undefined,
      section: 'operations',
      describe:
        'OTLP collector for [traces](tracing.md), with [sampling](tracing.md#sampling) and ' +
        'the other standard `OTEL_*` settings. Without it nothing is traced.',
      example: 'http://localhost:4318',
    }),
    env.url('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', { protocols, default: undefined }),
  ]
  const disabled = [
    env.boolean('OTEL_SDK_DISABLED', { default: false }),
    env.oneOf('OTEL_TRACES_EXPORTER', ['otlp', 'none'], { default: 'otlp' }) === 'none',
  ]
  // The SDK fails with a wrong value of these, or silently replaces it: refuse it here.
  for (const name of [
    'OTEL_EXPORTER_OTLP_HEADERS',
    'OTEL_SERVICE_NAME',
    'OTEL_RESOURCE_ATTRIBUTES',
  ])
    env.string(name, { default: undefined })
  env.oneOf('OTEL_EXPORTER_OTLP_PROTOCOL', ['http/protobuf', 'http/json', 'grpc'], {
    default: 'http/protobuf',
  })
  const sampler = env.oneOf('OTEL_TRACES_SAMPLER', SAMPLERS, { default: 'parentbased_always_on' })
  const given = env.decimal('OTEL_TRACES_SAMPLER_ARG', { default: 1, min: 0, max: 1 })
  const settings = env.done({
    sampling: {
      parentBased: sampler.startsWith('parentbased_'),
      ratio: sampler.endsWith('always_off') ? 0 : sampler.endsWith('always_on') ? 1 : given,
    },
  })
  return endpoints.every((endpoint) => endpoint === undefined) || disabled.includes(true)
    ? undefined
    : settings
}
