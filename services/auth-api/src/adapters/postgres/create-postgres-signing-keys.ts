import { inTransaction, toUnavailable } from '@auto-refresh/service-kit/postgres'
import type { Pool } from 'pg'
import type { Clock } from '../../ports/runtime.ts'
import type { SigningKeyChange, SigningKeyStore } from '../../ports/signing-keys.ts'
import type { Queryable } from './read-rows.ts'
import {
  activateSigningKey,
  deleteRetiredRows,
  deleteSigningKey,
  denySigningKey,
  insertSigningKey,
  lockSigningKeys,
  readRetiredKeys,
  readSigningKeys,
  retireSigningKey,
} from './signing-key-rows.ts'

/** The signing keys in `auth_api.signing_keys`. */
export function createPostgresSigningKeys({
  pool,
  clock,
}: {
  pool: Pool
  clock: Clock
}): SigningKeyStore {
  return {
    read: () => readSigningKeys(pool),
    readRetired: () => readRetiredKeys(pool),
    async change(decide) {
      try {
        return await inTransaction(pool, async (client) => {
          await lockSigningKeys(client)
          await deleteRetiredRows(client)
          const nowMs = clock.nowMs()
          for (const change of await decide(await readSigningKeys(client), nowMs))
            await carryOut(client, change, nowMs)
          return readSigningKeys(client)
        })
      } catch (error) {
        throw toUnavailable(error)
      }
    },
  }
}

function carryOut(database: Queryable, change: SigningKeyChange, nowMs: number): Promise<void> {
  switch (change.action) {
    case 'create':
      return insertSigningKey(database, { ...change, nowMs })
    case 'activate':
      return activateSigningKey(database, { ...change, nowMs })
    case 'retire':
      return retireSigningKey(database, { ...change, nowMs })
    case 'delete':
      return deleteSigningKey(database, change.kid)
    case 'deny':
      return denySigningKey(database, change.kid)
    default:
      return change satisfies never
  }
}
