import { ConfigError } from '@auto-refresh/service-kit/config'
import { findChangedKeys, tryWhileUnavailable } from '@auto-refresh/service-kit/postgres'
import type { TokenStoreConfig } from './config.ts'

/**
 * Compares REFRESH_TOKEN_KEYS with the keys that this database was used with. Throws a
 * `ConfigError` if the key of a kid has changed: every token of the old key would be refused with
 * 401 and its user logged out.
 */
export async function checkRefreshTokenKeys({
  pool,
  config,
}: {
  pool: Parameters<typeof findChangedKeys>[0]['pool']
  config: Pick<TokenStoreConfig, 'refreshTokenKeys'>
}): Promise<void> {
  const keys = config.refreshTokenKeys.map(({ kid, key }) => ({
    name: `REFRESH_TOKEN_KEYS:${kid}`,
    key,
  }))
  const changed = await tryWhileUnavailable(() =>
    findChangedKeys({ pool, schema: 'token_store', keys }),
  )
  if (changed.length === 0) return
  throw new ConfigError(
    changed.map((name) => {
      const kid = name.slice(name.indexOf(':') + 1)
      return (
        `REFRESH_TOKEN_KEYS: the key of kid ${kid} differs from the key that this database was used with; ` +
        `restore the old key, and use a new kid for a new key. If the old key is lost, ` +
        `list ${kid} in REFRESH_TOKEN_RETIRED_KIDS: its users must sign in again`
      )
    }),
  )
}
