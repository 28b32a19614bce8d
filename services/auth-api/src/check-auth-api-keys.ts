import { checkTogether, ConfigError } from '@auto-refresh/service-kit/config'
import { findChangedKeys, tryWhileUnavailable } from '@auto-refresh/service-kit/postgres'
import { createKeyVault } from './adapters/crypto/create-key-vault.ts'
import { readSigningKeys } from './adapters/postgres/signing-key-rows.ts'
import type { AuthApiConfig } from './config.ts'

type Pool = Parameters<typeof findChangedKeys>[0]['pool']
type Config = Readonly<{
  signingKeys: Pick<AuthApiConfig['signingKeys'], 'encryptionKeys'>
  usernameHashKey: Buffer
}>

const CHECKS = {
  USERNAME_HASH_KEY: checkUsernameHashKey,
  SIGNING_KEY_ENCRYPTION_KEYS: checkEncryptionKeys,
}
export type CheckedKey = keyof typeof CHECKS
const ALL: readonly CheckedKey[] = ['USERNAME_HASH_KEY', 'SIGNING_KEY_ENCRYPTION_KEYS']

/**
 * Checks the keys in `names` (default: all) against the database. Throws one `ConfigError` that
 * names every key that differs from the one in use.
 */
export function checkAuthApiKeys({
  names = ALL,
  ...deps
}: {
  pool: Pool
  config: Config
  randomBytes: (size: number) => Buffer
  names?: readonly CheckedKey[]
}): Promise<void> {
  return checkTogether(names.map((name) => () => CHECKS[name](deps)))
}

async function checkUsernameHashKey({
  pool,
  config,
}: {
  pool: Pool
  config: Config
}): Promise<void> {
  const keys = [{ name: 'USERNAME_HASH_KEY', key: config.usernameHashKey }]
  const changed = await tryWhileUnavailable(() =>
    findChangedKeys({ pool, schema: 'auth_api', keys }),
  )
  if (changed.length === 0) return
  throw new ConfigError([
    'USERNAME_HASH_KEY is not the key that this database has been used with; restore the old key. ' +
      `If it is lost: delete from auth_api.key_proofs where name = 'USERNAME_HASH_KEY'`,
  ])
}

/** Retired signing keys have no private half to check. */
async function checkEncryptionKeys({
  pool,
  config,
  randomBytes,
}: {
  pool: Pool
  config: Config
  randomBytes: (size: number) => Buffer
}): Promise<void> {
  const vault = createKeyVault({ encryptionKeys: config.signingKeys.encryptionKeys, randomBytes })
  const keys = await tryWhileUnavailable(() => readSigningKeys(pool))
  await checkTogether(
    keys.map(
      ({ kid, sealed }) =>
        async () =>
          void (sealed && vault.open(kid, sealed)),
    ),
  )
}
