import { createKafkaPublisher } from '@auto-refresh/event-bus'
import { runService } from '@auto-refresh/service-kit/process'
import { buildInternalApp } from './adapters/http/build-internal-app.ts'
import { buildTokenStore } from './build-token-store.ts'
import { parseTokenStoreConfig, parseTokenStoreProcessConfig } from './config.ts'

await runService(
  'token-store',
  { config: parseTokenStoreConfig, own: parseTokenStoreProcessConfig },
  async ({ config, own, kafka, defer, logger, metrics, tracing }) => {
    const publisher = defer(createKafkaPublisher(kafka))
    const store = defer(buildTokenStore({ config, publisher, logger, metrics, tracing }))
    await store.start()
    const app = buildInternalApp({
      tokenStore: store.tokenStore,
      apiKeys: own.internalApiKeys,
      isUp: store.isUp,
      onError: (error) => logger.error({ err: error }, 'Internal call failed'),
    })
    return { url: await defer(app).listen(own.http) }
  },
)
