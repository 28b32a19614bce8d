import { PRODUCT_VERSION } from '@auto-refresh/service-kit/config'
import type { App } from './route.ts'

/** The path of the liveness check; platforms call it with a host name of their own. */
export const HEALTH_PATH = '/healthz'

/**
 * Adds the liveness check to the public port, for platforms with one port. It does not ask the
 * database: a platform would restart the process because of an outage that a restart cannot end.
 */
export function addHealth(app: App): void {
  app.get(HEALTH_PATH, { schema: { hide: true } }, async () => ({
    status: 'alive',
    version: PRODUCT_VERSION,
  }))
}
