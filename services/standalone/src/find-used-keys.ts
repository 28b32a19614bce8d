import { createPool, tryWhileUnavailable } from '@auto-refresh/service-kit/postgres'

type UsedKey = 'REFRESH_TOKEN_KEYS' | 'SIGNING_KEY_ENCRYPTION_KEYS' | 'USERNAME_HASH_KEY'

/** The settings whose keys were used for data in this database, which must be migrated. */
export async function findUsedKeys(databaseUrl: string): Promise<UsedKey[]> {
  const pool = createPool({
    url: databaseUrl,
    applicationName: 'key check',
    max: 1,
    onError: () => {},
  })
  try {
    const { rows } = await tryWhileUnavailable(() =>
      pool.query<{ name: UsedKey }>(`
        select name from (values
          ('REFRESH_TOKEN_KEYS', exists (select from token_store.sessions)
            or exists (select from token_store.key_proofs)),
          ('SIGNING_KEY_ENCRYPTION_KEYS', exists (select from auth_api.signing_keys where state <> 'retired')),
          ('USERNAME_HASH_KEY', exists (select from auth_api.login_audit)
            or exists (select from auth_api.key_proofs))
        ) as used(name, is_used) where is_used`),
    )
    return rows.map(({ name }) => name)
  } finally {
    await pool.end()
  }
}
