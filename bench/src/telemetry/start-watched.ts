import { createServer } from 'node:http'
import { once } from 'node:events'
import { startOneProcess, type Target } from '../targets.ts'

type Options = Parameters<typeof startOneProcess>[0]

/**
 * `npm start` with increasing telemetry. The collector receives spans and drops them; it runs in
 * this process.
 */
export function startWatched({
  open,
  onClose,
}: {
  open: (database: string) => Promise<Options>
  onClose: (close: () => void) => void
}): (() => Promise<Target>)[] {
  const collector = createServer((request, response) =>
    request.resume().on('end', () => response.end()),
  ).listen(0, '127.0.0.1')
  onClose(() => collector.close().closeAllConnections())

  const traced = async (ratio: string) => {
    if (!collector.listening) await once(collector, 'listening')
    const address = collector.address()
    if (address === null || typeof address === 'string')
      throw new Error('The collector has no port')
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${address.port}`,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: ratio,
    }
  }
  return [
    async () =>
      startOneProcess({
        ...(await open('no_metrics')),
        name: 'no metrics',
        preload: 'bench/src/telemetry/without-metrics.ts',
      }),
    async () => startOneProcess({ ...(await open('no_traces')), name: 'no traces' }),
    async () =>
      startOneProcess({
        ...(await open('traces_10')),
        name: 'traces of 10 %',
        settings: await traced('0.1'),
      }),
    async () =>
      startOneProcess({
        ...(await open('traces_100')),
        name: 'traces of 100 %',
        settings: await traced('1'),
      }),
  ]
}
