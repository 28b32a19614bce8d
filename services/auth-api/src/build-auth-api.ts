import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { noTracing, type TokenStore, type Tracing } from '@auto-refresh/contracts'
import type { EventPublisher, EventSubscriber } from '@auto-refresh/event-bus'
import type { Logger, Metrics } from '@auto-refresh/service-kit/telemetry'
import { buildHttp } from './adapters/http/build-http.ts'
import { buildAuthCore } from './build-auth-core.ts'
import type { AuthApiConfig } from './config.ts'
import type { AuditTrailReader } from './ports/audit-trail.ts'
import type { Clock } from './ports/runtime.ts'

/**
 * Builds auth-api with its HTTP server. `standalone`: pages of this machine may call, and the Host
 * header is checked; see `HttpSettings`.
 */
export function buildAuthApi({
  config,
  tokenStore,
  auditTrail,
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
  /** without it, timelines and detections are unavailable */
  auditTrail?: AuditTrailReader
  publisher: EventPublisher
  subscriber: EventSubscriber
  logger: Logger
  metrics: Metrics
  standalone?: boolean
  allowDemoPassword?: boolean
  /** the clock of this machine, which token-store's clock corrects; default `Date.now` */
  clock?: Clock
  tracing?: Tracing
}) {
  const core = buildAuthCore({
    config,
    tokenStore,
    ...(auditTrail === undefined ? {} : { auditTrail }),
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
    administration: core.administration,
    revocationFeed: core.revocationFeed,
    settings: {
      issuer: config.tokens.issuer,
      audience: config.tokens.audience,
      dueThresholdSeconds: config.tokens.dueThresholdSeconds,
      allowedOrigins: config.cors.allowedOrigins,
      trustedProxies: config.trustedProxies,
      cookie: config.cookie,
      apiKeys: config.apiKeys,
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
    /** operations for operators */
    users: core.users,
    checkAccessToken: core.checkAccessToken,
    checkKeys: core.checkKeys,
    isReady: () => ready,
    /**
     * Returns why the process is not ready although it serves: its clock is wrong by more than 5 s.
     */
    notReadyReasons: () =>
      core.clock.isOff()
        ? [`clock differs by ${Math.round(core.clock.offsetMs() / 1000)} s from token-store's`]
        : [],
    /**
     * Starts listening when all dependencies work. When `signal` aborts, throws its reason; call
     * `stop` then, as after a failure.
     */
    async start(signal?: AbortSignal): Promise<{ url: string }> {
      await core.start(signal)
      const url = await app.listen(config.http)
      ready = true
      return { url }
    },
    /**
     * Becomes not ready, keeps serving for `drainMs` until balancers have noticed, then completes
     * open requests within 3 s and closes everything.
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
