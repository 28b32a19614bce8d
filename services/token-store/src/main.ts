import {
  addSecretFiles,
  parseKafkaSettings,
  parseTogether,
  parseTraceSettings,
  runMain,
} from '@auto-refresh/service-kit/config'
import { createKafkaPublisher } from '@auto-refresh/event-bus'
import { createLogger, createMetrics, startAdminServer } from '@auto-refresh/service-kit/telemetry'
import { openTracing } from '@auto-refresh/service-kit/tracing'
import { buildInternalApp } from './adapters/http/internal-app.ts'
import { buildTokenStore } from './build-token-store.ts'
import { parseTokenStoreConfig, parseTokenStoreProcessConfig } from './config.ts'

const service = 'token-store'

await runMain({
  process,
  logger: createLogger({ service, level: 'info' }),
  nowMs: () => performance.now(),
  async start() {
    const environment = addSecretFiles(process.env)
    const { config, own, kafka, traces } = parseTogether({
      config: () => parseTokenStoreConfig(environment),
      own: () => parseTokenStoreProcessConfig(environment),
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
    const publisher = createKafkaPublisher({ settings: kafka, log: logger, tracing })
    starting.defer(() => publisher.close())
    const store = buildTokenStore({ config, publisher, logger, metrics, tracing })
    starting.defer(() => store.stop())
    await store.start()
    const app = buildInternalApp({
      tokenStore: store.tokenStore,
      apiKeys: own.internalApiKeys,
      isUp: store.isUp,
      onTrouble: (error) => logger.error({ err: error }, 'A call failed'),
    })
    starting.defer(() => app.close())
    const url = await app.listen(own.http)
    starting.defer(() => void (isReady = false))

    isReady = true
    logger.info({ url, admin: admin.url }, 'token-store is ready')
    const running = starting.move()
    return () => running.disposeAsync()
  },
})
