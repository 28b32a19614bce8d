import { inTransaction, toUnavailable } from '@auto-refresh/postgres'
import type { Pool, PoolClient } from 'pg'
import { decideSigningKeys, type SigningKeyAction, type SigningKeyPolicy } from '../../domain/signing-keys.ts'
import type { Clock, Log } from '../../ports.ts'
import type { KeyVault } from '../crypto/create-key-vault.ts'
import {
  activateSigningKey,
  deleteSigningKey,
  insertSigningKey,
  lockSigningKeys,
  readSigningKeys,
  retireSigningKey,
  type SigningKeyRow,
} from '../postgres/signing-key-rows.ts'
import { generateSigningKey } from './signing-key-pair.ts'

export type MaintainSigningKeysDeps = Readonly<{ pool: Pool; vault: KeyVault; policy: SigningKeyPolicy; clock: Clock; log: Log }>
export type MaintainSigningKeys = () => Promise<SigningKeyRow[]>

/**
 * Brings the stored keys to where they should be now and returns them. Replicas may race: the decision is taken again under
 * a lock. Throws `CodedError('unavailable')`.
 */
export function createMaintainSigningKeys({ pool, vault, policy, clock, log }: MaintainSigningKeysDeps): MaintainSigningKeys {
  return async () => {
    const rows = await readSigningKeys(pool)
    if (decideSigningKeys(rows, clock.nowMs(), policy).length === 0) return rows
    try {
      return await inTransaction(pool, maintain)
    } catch (error) {
      throw toUnavailable(error)
    }
  }

  async function maintain(client: PoolClient): Promise<SigningKeyRow[]> {
    await lockSigningKeys(client)
    const nowMs = clock.nowMs()
    for (const action of decideSigningKeys(await readSigningKeys(client), nowMs, policy)) {
      await carryOut(client, action, nowMs)
      log.info({ event: 'signing_key', ...action }, `Signing key: ${action.action}`)
    }
    return readSigningKeys(client)
  }

  async function carryOut(client: PoolClient, action: SigningKeyAction, nowMs: number): Promise<void> {
    switch (action.action) {
      case 'create': {
        const { kid, publicJwk, pkcs8 } = await generateSigningKey()
        return insertSigningKey(client, { kid, state: action.state, publicJwk, sealed: vault.seal(kid, pkcs8), nowMs })
      }
      case 'activate':
        return activateSigningKey(client, { kid: action.kid, nowMs })
      case 'retire':
        return retireSigningKey(client, { kid: action.kid, nowMs, expiresAtMs: action.expiresAtMs })
      case 'delete':
        return deleteSigningKey(client, action.kid)
      default:
        return action satisfies never
    }
  }
}
