import { randomBytes } from 'node:crypto'
import { ConfigError } from '@auto-refresh/service-kit/config'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createKeyVault } from './adapters/crypto/create-key-vault.ts'
import { generateSigningKey } from './adapters/jose/signing-key-pair.ts'
import { insertSigningKey } from './adapters/postgres/signing-key-rows.ts'
import { checkAuthApiKeys } from './check-auth-api-keys.ts'
import { openTestDatabase } from './testing/open-test-database.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(() => database.close())

const [old, young, hash] = [randomBytes(32), randomBytes(32), randomBytes(32)]
const check = (encryptionKeys: { kid: string; key: Buffer }[], usernameHashKey = hash) =>
  checkAuthApiKeys({
    pool: database.pool,
    config: { signingKeys: { encryptionKeys }, usernameHashKey },
    randomBytes,
  })

/** A signing key in use, sealed with `old` under the kid k1. */
async function sealOne(): Promise<void> {
  const { kid, publicJwk, pkcs8 } = await generateSigningKey()
  const sealed = createKeyVault({ encryptionKeys: [{ kid: 'k1', key: old }], randomBytes }).seal(
    kid,
    pkcs8,
  )
  await insertSigningKey(database.pool, {
    kid,
    state: 'active',
    publicJwk,
    sealed,
    nowMs: Date.now(),
  })
}

test('all wrong keys are named in one error, by their settings', async () => {
  await check([{ kid: 'k1', key: old }])
  await sealOne()
  const wrong = check([{ kid: 'k1', key: young }], randomBytes(32))
  await expect(wrong).rejects.toThrow(ConfigError)
  await expect(wrong).rejects.toThrow('USERNAME_HASH_KEY is not the key')
  await expect(wrong).rejects.toThrow(
    'SIGNING_KEY_ENCRYPTION_KEYS: the key of kid k1 does not open the signing key',
  )
  await expect(check([{ kid: 'k2', key: young }])).rejects.toThrow(
    'SIGNING_KEY_ENCRYPTION_KEYS has no key k1',
  )
})

test('right keys are accepted, at first, again, and after a new encryption key', async () => {
  await check([{ kid: 'k1', key: old }])
  await sealOne()
  await check([{ kid: 'k1', key: old }])
  await check([
    { kid: 'k2', key: young },
    { kid: 'k1', key: old },
  ])
})

test('a lost USERNAME_HASH_KEY can be replaced on purpose', async () => {
  await check([{ kid: 'k1', key: old }])
  const other = randomBytes(32)
  await expect(check([{ kid: 'k1', key: old }], other)).rejects.toThrow(
    'delete from auth_api.key_proofs',
  )
  await database.pool.query(`delete from auth_api.key_proofs where name = 'USERNAME_HASH_KEY'`)
  await check([{ kid: 'k1', key: old }], other)
})
