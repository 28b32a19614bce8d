import { ConfigError } from '@auto-refresh/service-kit/config'
import { findChangedKeys, tryWhileUnavailable } from '@auto-refresh/service-kit/postgres'
import type { TokenStoreConfig } from './config.ts'

/**
 * Throws a `ConfigError` when a kid of REFRESH_TOKEN_KEYS names another key than before: every
 * token of the former key would be answered 401 and its user logged out.
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
        `REFRESH_TOKEN_KEYS: the key of kid ${kid} is not the one that this database has been used with; ` +
        `put the former key back, and give a new key a kid that was never used. If the former key is lost, ` +
        `list ${kid} in REFRESH_TOKEN_RETIRED_KIDS: its users sign in again`
      )
    }),
  )
}
