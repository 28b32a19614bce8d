import { createKafkaSubscriber } from '@auto-refresh/event-bus'
import { runService } from '@auto-refresh/service-kit/process'
import { buildInternalApp } from './adapters/http/build-internal-app.ts'
import { buildCleanupWorker } from './build-cleanup-worker.ts'
import { parseCleanupWorkerConfig, parseCleanupWorkerProcessConfig } from './config.ts'

await runService(
  'cleanup-worker',
  { config: parseCleanupWorkerConfig, own: parseCleanupWorkerProcessConfig },
  async ({ config, own, kafka, defer, logger, metrics, tracing }) => {
    const subscriber = defer(createKafkaSubscriber(kafka))
    const worker = defer(buildCleanupWorker({ config, subscriber, logger, metrics, tracing }))
    await worker.start()
    const app = buildInternalApp({
      auditTrail: worker.auditTrail,
      apiKeys: own.internalApiKeys,
      onError: (error) => logger.error({ err: error }, 'Internal call failed'),
    })
    return { url: await defer(app).listen(own.http) }
  },
)
