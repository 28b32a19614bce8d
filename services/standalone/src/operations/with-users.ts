import { buildAuthCore, type AuthCore } from '@auto-refresh/auth-api'
import type { Environment } from '@auto-refresh/service-kit/config'
import type { Keys } from '../generated-keys.ts'
import { withTokenStore } from './with-token-store.ts'

/** No one listens in this process; the package event-bus would load Kafka. */
const NO_BUS = {
  publish: async () => {},
  subscribe: async () => ({ close: async () => {} }),
}

/**
 * Gives `work` the administration of users and signing keys, and the hash of their names: what ends
 * sessions has ended them when it returns.
 */
export function withUsers<T>(
  environment: Environment,
  work: (auth: Pick<AuthCore, 'users' | 'keys' | 'hashUsername'>) => Promise<T>,
  options: { neededKeys?: readonly (keyof Keys)[] } = {},
): Promise<T> {
  return withTokenStore(
    environment,
    async (tokenStore, _databaseUrl, { configs, logger, metrics }) => {
      const auth = buildAuthCore({
        config: configs.authApi,
        tokenStore,
        publisher: NO_BUS,
        subscriber: NO_BUS,
        log: logger,
        metrics,
      })
      try {
        return await work(auth)
      } finally {
        await auth.stop()
      }
    },
    options,
  )
}
