import { expect, test } from 'vitest'
import { ConfigError } from '@auto-refresh/contracts'
import { parseTraceSettings } from './parse-trace-settings.ts'

const ON = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }

test('nothing is traced without an endpoint, or when it is switched off', () => {
  expect(
    parseTraceSettings({ OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'always_on' }),
  ).toBeUndefined()
  expect(parseTraceSettings({ ...ON, OTEL_SDK_DISABLED: 'true' })).toBeUndefined()
  expect(parseTraceSettings({ ...ON, OTEL_TRACES_EXPORTER: 'none' })).toBeUndefined()
  expect(
    parseTraceSettings({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector/v1/traces' }),
  ).toBeDefined()
})

test('an endpoint alone traces everything, the default of OpenTelemetry', () => {
  expect(parseTraceSettings(ON)).toEqual({ sampling: { parentBased: true, ratio: 1 } })
})

test.each<[Record<string, string>, object]>([
  [
    { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' },
    { parentBased: true, ratio: 0.1 },
  ],
  [
    { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' },
    { parentBased: false, ratio: 0.25 },
  ],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio' }, { parentBased: true, ratio: 1 }],
  [
    { OTEL_TRACES_SAMPLER: 'parentbased_always_off', OTEL_TRACES_SAMPLER_ARG: '0.5' },
    { parentBased: true, ratio: 0 },
  ],
  [
    { OTEL_TRACES_SAMPLER: 'always_on', OTEL_TRACES_SAMPLER_ARG: '0.5' },
    { parentBased: false, ratio: 1 },
  ],
])('the sampler %j is %j', (environment, sampling) => {
  expect(parseTraceSettings({ ...ON, ...environment })).toMatchObject({ sampling })
})

test('all wrong values are reported at once', () => {
  const wrong = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'thrift',
    OTEL_TRACES_SAMPLER: 'jaeger_remote',
    OTEL_TRACES_SAMPLER_ARG: '2',
  }
  const faults = () => parseTraceSettings(wrong)
  expect(faults).toThrow(ConfigError)
  for (const name of Object.keys(wrong)) expect(faults).toThrow(name)
})
