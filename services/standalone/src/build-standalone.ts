import { buildAuthApi } from '@auto-refresh/auth-api'
import { buildCleanupWorker } from '@auto-refresh/cleanup-worker'
import {
  checkTogether,
  findIgnoredSettings,
  PRODUCT_VERSION,
  type Environment,
} from '@auto-refresh/service-kit/config'
import { createInProcessBus } from '@auto-refresh/event-bus'
import { tryWhileUnavailable } from '@auto-refresh/service-kit/postgres'
import { createLogger, createMetrics, startAdminServer } from '@auto-refresh/service-kit/telemetry'
import { buildThreatMonitor } from '@auto-refresh/threat-monitor'
import { openTracing, type TraceExporter } from '@auto-refresh/service-kit/tracing'
import { buildTokenStore } from '@auto-refresh/token-store'
import { addPlayground } from './add-playground.ts'
import { toBanner } from './to-banner.ts'
import { checkPort } from './check-port.ts'
import { parseServiceConfigs, parseStandaloneConfig } from './config.ts'
import { ensureDemoUser } from './ensure-demo-user.ts'
import { findIssuerMisfit } from './find-issuer-misfit.ts'
import { createStartBarrier } from './create-start-barrier.ts'
import { keepKeys } from './generated-keys.ts'
import { openDatabase } from './open-database.ts'

/**
 * Composition root: all services in one process. `stop` stops them in reverse order, the database
 * last. `signal` aborts a start that is waiting: its reason is thrown. `traceExporter` is for
 * tests.
 */
export async function buildStandalone(
  environment: Environment,
  { signal, traceExporter }: { signal?: AbortSignal; traceExporter?: TraceExporter } = {},
) {
  const config = parseStandaloneConfig(environment)
  const [service, version] = ['standalone', PRODUCT_VERSION]
  const onExportFailed = (reason: string) => logger.warn({ reason }, 'Sending traces failed')
  const tracing = await openTracing({
    settings: config.traces,
    service,
    version,
    onExportFailed,
    exporter: traceExporter,
  })
  const logger = createLogger({ service, level: config.logLevel, tracing })
  for (const sentence of findIgnoredSettings(environment)) logger.warn(sentence)
  const metrics = createMetrics({ service, version, tracing })
  await using starting = new AsyncDisposableStack()
  starting.defer(() => tracing.close())

  await checkPort(config)
  let notReadyReasons = (): readonly string[] => ['starting or stopping']
  const admin = await startAdminServer({
    ...config.admin,
    version,
    metrics,
    isReady: () => notReadyReasons().length === 0 || notReadyReasons(),
  })
  starting.defer(() => admin.close())

  const database = await openDatabase({ config, log: (message) => logger.info(message) })
  starting.defer(() => database.stop())
  const configs = parseServiceConfigs(environment, {
    keys: await keepKeys({ dataDir: config.dataDir, environment, databaseUrl: database.url }),
    databaseUrl: database.url,
  })

  const bus = createInProcessBus({ tracing })
  const barrier = createStartBarrier(bus)
  const store = buildTokenStore({
    config: configs.tokenStore,
    publisher: barrier,
    logger,
    metrics,
    tracing,
  })
  starting.defer(() => store.stop())
  const cleanupWorker = buildCleanupWorker({
    config: configs.cleanupWorker,
    subscriber: bus,
    logger,
    metrics,
    tracing,
  })
  starting.defer(() => cleanupWorker.stop())
  const threatMonitor = buildThreatMonitor({
    config: configs.threatMonitor,
    publisher: bus,
    subscriber: bus,
    logger,
    metrics,
  })
  starting.defer(() => threatMonitor.stop())
  const authApi = buildAuthApi({
    config: configs.authApi,
    tokenStore: store.tokenStore,
    auditTrail: cleanupWorker.auditTrail,
    publisher: bus,
    subscriber: bus,
    logger,
    metrics,
    standalone: true,
    allowDemoPassword: config.allowDemoPassword,
    tracing,
  })
  starting.defer(() => authApi.stop())
  starting.defer(() => barrier.close())

  await checkTogether([store.checkKeys, authApi.checkKeys])
  await store.start()
  await cleanupWorker.start()
  await threatMonitor.start()
  const demoUser = await tryWhileUnavailable(() => ensureDemoUser({ users: authApi.users, config }))
  if (config.playground !== 'off')
    addPlayground({
      authApi,
      bus,
      configs,
      demoUser,
      adminUrl: admin.url,
      audience: config.playground,
    })
  const { url } = await authApi.start(signal)
  const { issuer } = configs.authApi.tokens
  const { port } = new URL(url)
  const misfit = findIssuerMisfit({ issuer, host: config.host, port, environment })
  if (misfit !== undefined) logger.warn({ issuer, url }, misfit)
  barrier.open()

  const notReady = notReadyReasons
  notReadyReasons = authApi.notReadyReasons
  starting.defer(() => {
    notReadyReasons = notReady
  })
  const running = starting.move()
  return {
    banner: toBanner({
      version,
      url,
      adminUrl: admin.url,
      playground: config.playground !== 'off',
      data: config.databaseUrl === undefined ? config.dataDir : 'in DATABASE_URL',
      demoUser,
    }),
    stop: () => running.disposeAsync(),
    /** For an exit that cannot wait: asks the database to stop, too. */
    abandon: database.abandon,
  }
}
