import { randomUUID } from 'node:crypto'
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
import { createHttpTokenStore } from './adapters/token-store/create-http-token-store.ts'
import { buildAuthApi, type BuiltAuthApi } from './build-auth-api.ts'
import { parseAuthApiConfig, parseAuthApiProcessConfig } from './config.ts'

const service = 'auth-api'

await runMain({
  process,
  logger: createLogger({ service, level: 'info' }),
  nowMs: () => performance.now(),
  async start(signal) {
    const environment = addSecretFiles(process.env)
    const { config, own, kafka, traces } = parseTogether({
      config: () => parseAuthApiConfig(environment),
      own: () => parseAuthApiProcessConfig(environment),
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
    await using starting = new AsyncDisposableStack()
    starting.defer(() => tracing.close())

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
    const store = createHttpTokenStore({
      urls: own.tokenStoreUrls,
      apiKey: own.internalApiKeys[0] ?? '',
      nowMs: () => performance.now(),
      random: Math.random,
      createId: randomUUID,
      log: logger,
      tracing,
    })
    starting.defer(() => store.close())
    const authApi = buildAuthApi({
      config,
      tokenStore: store.tokenStore,
      publisher: bus,
      subscriber: bus,
      logger,
      metrics,
      tracing,
    })
    const admin = await startAdminServer({
      ...own.admin,
      metrics,
      isReady: () => toReadiness(authApi),
    })
    starting.defer(() => admin.close())
    starting.defer(() => authApi.stop({ drainMs: own.drainMs }))
    const { url } = await authApi.start(signal)

    logger.info({ url, admin: admin.url }, 'auth-api is ready')
    const running = starting.move()
    return () => running.disposeAsync()
  },
})

function toReadiness({
  isReady,
  findTrouble,
}: Pick<BuiltAuthApi, 'isReady' | 'findTrouble'>): true | readonly string[] {
  if (!isReady()) return ['starting or stopping']
  const trouble = findTrouble()
  return trouble.length === 0 || trouble
}
