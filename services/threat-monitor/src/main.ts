import {
  addSecretFiles,
  parseKafkaSettings,
  parseTogether,
  parseTraceSettings,
  runMain,
} from '@auto-refresh/service-kit/config'
import { connectKafka } from '@auto-refresh/event-bus'
import { createLogger, createMetrics, startAdminServer } from '@auto-refresh/service-kit/telemetry'
import { openTracing } from '@auto-refresh/service-kit/tracing'
import { buildThreatMonitor } from './build-threat-monitor.ts'
import { parseThreatMonitorConfig, parseThreatMonitorProcessConfig } from './config.ts'

const service = 'threat-monitor'

await runMain({
  process,
  logger: createLogger({ service, level: 'info' }),
  nowMs: () => performance.now(),
  async start() {
    const environment = addSecretFiles(process.env)
    const { config, own, kafka, traces } = parseTogether({
      config: () => parseThreatMonitorConfig(environment),
      own: () => parseThreatMonitorProcessConfig(environment),
      kafka: () => parseKafkaSettings(environment, service),
      traces: () => parseTraceSettings(environment),
    })
    const version = process.env['npm_package_version'] ?? '0.0.0'
    const tracing = await openTracing({
      settings: traces,
      service,
      version,
      onTrouble: (reason) => logger.warn({ reason }, 'Traces could not be sent'),
    })
    const logger = createLogger({ service, level: own.logLevel, tracing })
    const metrics = createMetrics({ service, version, tracing })
    let isReady = false
    await using starting = new AsyncDisposableStack()
    starting.defer(() => tracing.close())
    const admin = await startAdminServer({
      ...own.admin,
      metrics,
      isReady: () => isReady || ['starting or stopping'],
    })
    starting.defer(() => admin.close())
    const bus = connectKafka({
      settings: kafka,
      log: logger,
      onDead({ group, error }) {
        logger.fatal(
          { group, err: error },
          'The consumer is dead; the process ends so that another takes over',
        )
        process.exit(1)
      },
      onDeadLetter: () => metrics.eventsDeadLettered.inc(),
      onLag: ({ topic }, events) =>
        metrics.eventConsumerLag.set({ consumer: service, topic }, events),
      tracing,
    })
    starting.defer(() => bus.close())
    const monitor = buildThreatMonitor({ config, publisher: bus, subscriber: bus, logger, metrics })
    starting.defer(() => monitor.stop())
    await monitor.start()
    starting.defer(() => void (isReady = false))

    isReady = true
    logger.info({ admin: admin.url }, 'threat-monitor is ready')
    const running = starting.move()
    return () => running.disposeAsync()
  },
})
