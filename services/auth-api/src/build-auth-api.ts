import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { noTracing, type Tracing } from '@auto-refresh/contracts'
import type { EventPublisher, EventSubscriber } from '@auto-refresh/event-bus'
import type { Logger, Metrics } from '@auto-refresh/service-kit/telemetry'
import { buildHttp } from './adapters/http/build-http.ts'
import { buildAuthCore } from './build-auth-core.ts'
import type { AuthApiConfig } from './config.ts'
import type { TokenStore } from '@auto-refresh/contracts'
import type { Clock } from './ports/runtime.ts'

/**
 * Composition root. `standalone` opens the API to pages of this machine and checks the Host; see
 * `HttpSettings`.
 */
export function buildAuthApi({
  config,
  tokenStore,
  publisher,
  subscriber,
  logger,
  metrics,
  standalone = false,
  allowDemoPassword = false,
  clock,
  tracing = noTracing,
}: {
  config: AuthApiConfig
  tokenStore: TokenStore
  publisher: EventPublisher
  subscriber: EventSubscriber
  logger: Logger
  metrics: Metrics
  standalone?: boolean
  allowDemoPassword?: boolean
  /** of this machine; it is corrected by token-store's */
  clock?: Clock
  tracing?: Tracing
}) {
  const core = buildAuthCore({
    config,
    tokenStore,
    publisher,
    subscriber,
    log: logger,
    metrics,
    allowDemoPassword,
    ...(clock === undefined ? {} : { clock }),
    tracing,
  })
  const debugLogger = config.debugAutoRefresh
    ? logger.child({ component: 'auto-refresh' }, { level: 'debug' })
    : undefined
  const app = buildHttp({
    useCases: core,
    revocationFeed: core.revocationFeed,
    settings: {
      issuer: config.tokens.issuer,
      dueThresholdSeconds: config.tokens.dueThresholdSeconds,
      allowedOrigins: config.cors.allowedOrigins,
      trustedProxies: config.trustedProxies,
      cookie: config.cookie,
      backEndKeys: config.backEndKeys,
      allowedHosts: config.allowedHosts,
      standalone,
    },
    clock: core.clock,
    createId: randomUUID,
    random: Math.random,
    log: logger,
    metrics,
    debug: debugLogger?.debug.bind(debugLogger),
  })

  const closing = new AsyncDisposableStack()
  closing.defer(() => core.stop())
  closing.defer(() => app.close())
  let ready = false

  return {
    app,
    /** administration, for operators */
    users: core.users,
    checkAccessToken: core.checkAccessToken,
    checkKeys: core.checkKeys,
    isReady: () => ready,
    /**
     * Why balancers should send nothing here, although it serves: its clock is wrong by more than 5
     * s.
     */
    findTrouble: () =>
      core.clock.isOff()
        ? [`clock differs by ${Math.round(core.clock.offsetMs() / 1000)} s from token-store's`]
        : [],
    /**
     * Listens once everything behind it works. A signal calls it off; after that, as after a
     * failure, `stop` cleans up.
     */
    async start(signal?: AbortSignal): Promise<{ url: string }> {
      await core.start(signal)
      const url = await app.listen(config.http)
      ready = true
      return { url }
    },
    /**
     * Not ready any more, but serving for `drainMs`, until balancers have seen it; then answers
     * what has arrived, within 3 s, and lets go of everything.
     */
    async stop({ drainMs = 0 }: { drainMs?: number } = {}): Promise<void> {
      if (ready && drainMs > 0) {
        app.drain()
        ready = false
        await delay(drainMs)
      }
      ready = false
      await closing.disposeAsync()
    },
  }
}
export type BuiltAuthApi = ReturnType<typeof buildAuthApi>
