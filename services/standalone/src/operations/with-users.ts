import { buildAuthCore, type AuthCore, type CheckedKey } from '@auto-refresh/auth-api'
import type { Environment } from '@auto-refresh/service-kit/config'
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
  options: { neededKeys?: readonly CheckedKey[] } = {},
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
        // Another key than the services use would give a hash that no event knows.
        if (options.neededKeys !== undefined) await auth.checkKeys(options.neededKeys)
        return await work(auth)
      } finally {
        await auth.stop()
      }
    },
    options,
  )
}
