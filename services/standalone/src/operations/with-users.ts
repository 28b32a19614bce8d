import { buildAuthCore, type AuthCore, type CheckedKey } from '@auto-refresh/auth-api'
import { openAuditTrailReader } from '@auto-refresh/cleanup-worker'
import type { Environment } from '@auto-refresh/service-kit/config'
import { withTokenStore } from './with-token-store.ts'

/** This process has no subscriber; the package event-bus would load Kafka. */
const NO_BUS = {
  publish: async () => {},
  subscribe: async () => ({ close: async () => {} }),
}

/**
 * Runs `work` with the administration of users, sessions and signing keys and with the hash of user
 * names.
 * What ends sessions has ended them when it returns.
 */
export function withUsers<T>(
  environment: Environment,
  work: (
    auth: Pick<
      AuthCore,
      'administration' | 'keys' | 'hashUsername' | 'createPasswordToken' | 'importUsers'
    >,
  ) => Promise<T>,
  options: { neededKeys?: readonly CheckedKey[] } = {},
): Promise<T> {
  return withTokenStore(
    environment,
    async (tokenStore, databaseUrl, { configs, logger, metrics }) => {
      const { auditTrail, close } = openAuditTrailReader({ databaseUrl })
      const auth = buildAuthCore({
        config: configs.authApi,
        tokenStore,
        auditTrail,
        publisher: NO_BUS,
        subscriber: NO_BUS,
        log: logger,
        metrics,
      })
      try {
        // With another key than the services' the hash would match no event.
        if (options.neededKeys !== undefined) await auth.checkKeys(options.neededKeys)
        return await work(auth)
      } finally {
        await auth.stop()
        await close()
      }
    },
    options,
  )
}
