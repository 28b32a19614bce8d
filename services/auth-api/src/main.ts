import { connectKafka } from '@auto-refresh/event-bus'
import { runService } from '@auto-refresh/service-kit/process'
import { createHttpAuditTrail } from './adapters/cleanup-worker/create-http-audit-trail.ts'
import { createHttpTokenStore } from './adapters/token-store/create-http-token-store.ts'
import { buildAuthApi } from './build-auth-api.ts'
import { parseAuthApiConfig, parseAuthApiProcessConfig } from './config.ts'

await runService(
  'auth-api',
  { config: parseAuthApiConfig, own: parseAuthApiProcessConfig },
  async ({ config, own, kafka, defer, signal, ...tools }) => {
    const bus = defer(connectKafka(kafka))
    const { tokenStore } = defer(
      createHttpTokenStore({
        urls: own.tokenStoreUrls,
        apiKey: own.internalApiKeys[0] ?? '',
        log: tools.logger,
        tracing: tools.tracing,
      }),
    )
    const auditTrail = createHttpAuditTrail({
      urls: own.cleanupWorkerUrls,
      apiKey: own.internalApiKeys[0] ?? '',
    })
    const authApi = buildAuthApi({
      config,
      tokenStore,
      auditTrail,
      publisher: bus,
      subscriber: bus,
      ...tools,
    })
    defer({ stop: () => authApi.stop({ drainMs: own.drainMs }) })
    const { url } = await authApi.start(signal)
    return { url, notReadyReasons: authApi.notReadyReasons }
  },
)
