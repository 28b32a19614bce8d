import { DEMO_PASSWORD, isStraightFromLoopback, type BuiltAuthApi } from '@auto-refresh/auth-api'
import { SECURITY_EVENTS_TOPIC, SESSION_EVENTS_TOPIC } from '@auto-refresh/contracts'
import type { EventSubscriber } from '@auto-refresh/event-bus'
import { playground, type PlaygroundSettings } from '@auto-refresh/playground'
import type { DemoUser } from './to-banner.ts'
import type { ServiceConfigs } from './config.ts'

/** Serves the playground at `/` of the public API, which must not be listening yet. */
export function addPlayground({
  authApi,
  bus,
  configs: {
    authApi: { tokens },
    tokenStore,
  },
  demoUser,
  adminUrl,
  audience,
}: {
  authApi: Pick<BuiltAuthApi, 'app' | 'checkAccessToken'>
  bus: EventSubscriber
  configs: ServiceConfigs
  demoUser: DemoUser
  adminUrl: string
  audience: 'this machine' | 'everybody'
}): void {
  const settings: PlaygroundSettings = {
    signIn: demoUser === 'default password' ? { username: 'admin', password: DEMO_PASSWORD } : null,
    metricsUrl: `${adminUrl}/metrics`,
    accessTtlSeconds: tokens.accessTtlSeconds,
    dueThresholdSeconds: tokens.dueThresholdSeconds,
    refreshTtlSeconds: tokenStore.refreshTtlMs / 1000,
    graceSeconds: tokenStore.graceMs / 1000,
  }
  void authApi.app.register(playground, {
    settings,
    checkAccessToken: authApi.checkAccessToken,
    subscriber: bus,
    topics: [SESSION_EVENTS_TOPIC, SECURITY_EVENTS_TOPIC],
    isServedTo: (request) => audience === 'everybody' || isStraightFromLoopback(request),
  })
}
