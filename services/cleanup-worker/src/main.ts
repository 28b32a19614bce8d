import { createKafkaSubscriber } from '@auto-refresh/event-bus'
import { runService } from '@auto-refresh/service-kit/process'
import { buildCleanupWorker } from './build-cleanup-worker.ts'
import { parseCleanupWorkerConfig, parseCleanupWorkerProcessConfig } from './config.ts'

await runService(
  'cleanup-worker',
  { config: parseCleanupWorkerConfig, own: parseCleanupWorkerProcessConfig },
  async ({ config, kafka, defer, logger, metrics, tracing }) => {
    const subscriber = defer(createKafkaSubscriber(kafka))
    await defer(buildCleanupWorker({ config, subscriber, logger, metrics, tracing })).start()
  },
)
