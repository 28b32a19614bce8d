import type { Tracing } from '@auto-refresh/contracts'
import {
  addSecretFiles,
  findIgnoredSettings,
  parseKafkaSettings,
  parseTogether,
  parseTraceSettings,
  PRODUCT_VERSION,
  type Environment,
} from '@auto-refresh/service-kit/config'
import {
  createLogger,
  createMetrics,
  startAdminServer,
  type Logger,
  type LogLevel,
  type Metrics,
} from '@auto-refresh/service-kit/telemetry'
import { openTracing } from '@auto-refresh/service-kit/tracing'
import { runMain } from './run-main.ts'
import { toKafkaDeps, type KafkaDeps } from './to-kafka-deps.ts'

type ProcessSettings = { admin: { host: string; port: number }; logLevel: LogLevel }
type Parse<Settings> = (environment: Environment) => Settings
type Stoppable = { close(): unknown } | { stop(): unknown }

/** The parts of which a service is built. */
export type ServiceParts<Config, Own> = {
  config: Config
  /** settings of the service's own process */
  own: Own
  /** for the Kafka clients of event-bus */
  kafka: KafkaDeps
  logger: Logger
  metrics: Metrics
  tracing: Tracing
  /** aborted by a signal that comes during the start */
  signal: AbortSignal
  /** Stops `part` with the service, or when its start fails: the last deferred stops first. */
  defer<Part extends Stoppable>(part: Part): Part
}

/**
 * Runs a service in its own process: reads the settings from environment and secret files, reports
 * all their faults at once, opens tracing, logger, metrics and the admin server, and calls `start`.
 * The service is ready from the end of `start` until it stops, unless `notReadyReasons` returns
 * reasons. Signals and exit codes are those of `runMain`.
 */
export async function runService<Config, Own extends ProcessSettings>(
  service: string,
  parse: { config: Parse<Config>; own: Parse<Own> },
  start: (
    parts: ServiceParts<Config, Own>,
  ) => Promise<{ url?: string; notReadyReasons?: () => readonly string[] } | void>,
): Promise<void> {
  await runMain({
    process,
    logger: createLogger({ service, level: 'info' }),
    nowMs: () => performance.now(),
    async start(signal) {
      const environment = addSecretFiles(process.env)
      const settings = parseTogether({
        config: () => parse.config(environment),
        own: () => parse.own(environment),
        kafka: () => parseKafkaSettings(environment, service),
        traces: () => parseTraceSettings(environment),
      })
      const version = PRODUCT_VERSION
      await using starting = new AsyncDisposableStack()
      const tracing = await openTracing({
        settings: settings.traces,
        service,
        version,
        onExportFailed: (reason) => logger.warn({ reason }, 'Sending traces failed'),
      })
      starting.defer(() => tracing.close())
      const logger = createLogger({ service, level: settings.own.logLevel, tracing })
      for (const sentence of findIgnoredSettings(environment)) logger.warn(sentence)
      const metrics = createMetrics({ service, version, tracing })

      let notReadyReasons = (): readonly string[] => ['starting or stopping']
      const admin = await startAdminServer({
        ...settings.own.admin,
        version,
        metrics,
        isReady: () => notReadyReasons().length === 0 || notReadyReasons(),
      })
      starting.defer(() => admin.close())
      const started = await start({
        config: settings.config,
        own: settings.own,
        kafka: toKafkaDeps({ service, settings: settings.kafka, logger, metrics, tracing }),
        logger,
        metrics,
        tracing,
        signal,
        defer(part) {
          starting.defer(async () => void (await ('close' in part ? part.close() : part.stop())))
          return part
        },
      })
      const whileStarting = notReadyReasons
      starting.defer(() => void (notReadyReasons = whileStarting))

      notReadyReasons = started?.notReadyReasons ?? (() => [])
      logger.info({ url: started?.url, admin: admin.url }, `${service} is ready`)
      const running = starting.move()
      return () => running.disposeAsync()
    },
  })
}
