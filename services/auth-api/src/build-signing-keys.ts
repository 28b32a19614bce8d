import type { Pool } from 'pg'
import { createKeyVault } from './adapters/crypto/create-key-vault.ts'
import { createSigningKeys, type OpenSigningKeys } from './adapters/jose/create-signing-keys.ts'
import { generateSigningKey } from './adapters/jose/signing-key-pair.ts'
import { createPostgresSigningKeys } from './adapters/postgres/create-postgres-signing-keys.ts'
import type { AuthApiConfig } from './config.ts'
import type { SigningKeyPolicy } from './domain/decide-signing-keys.ts'
import type { Clock } from './ports/runtime.ts'
import type { Log } from './ports/telemetry.ts'
import {
  createKeyAdministration,
  type KeyAdministration,
} from './use-cases/signing-keys/key-administration.ts'
import { createMaintainSigningKeys } from './use-cases/signing-keys/maintain-signing-keys.ts'

const HOUR_MS = 3_600_000

type BuildSigningKeysDeps = Readonly<{
  config: AuthApiConfig
  pool: Pool
  readRetired: () => Promise<void>
  randomBytes: (size: number) => Buffer
  clock: Clock
  log: Log
}>

type BuiltSigningKeys = OpenSigningKeys & Readonly<{ administration: KeyAdministration }>

/** Builds the signing keys over Postgres. */
export function buildSigningKeys(deps: BuildSigningKeysDeps): BuiltSigningKeys {
  const { config, pool, readRetired, randomBytes, clock, log } = deps
  const policy: SigningKeyPolicy = {
    rotationMs: config.signingKeys.rotationDays * 24 * HOUR_MS,
    // Clients cache the JWKS; jose does so for ten minutes.
    publishMs: HOUR_MS,
    // A replica that cannot reach the database keeps signing with its last key, for up to a day.
    retainMs: config.tokens.accessTtlSeconds * 1000 + 24 * HOUR_MS,
  }
  const vault = createKeyVault({ encryptionKeys: config.signingKeys.encryptionKeys, randomBytes })
  const store = createPostgresSigningKeys({ pool, clock })
  const maintain = createMaintainSigningKeys({
    store,
    generate: generateSigningKey,
    vault,
    policy,
    clock,
    log,
  })
  return {
    ...createSigningKeys({ maintain, readRetired, vault, clock, log }),
    administration: createKeyAdministration({ store, generate: generateSigningKey, vault }),
  }
}
