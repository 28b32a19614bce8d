import { createHmac } from 'node:crypto'
import type { Pool } from 'pg'
import { inTransaction } from './in-transaction.ts'

/** A secret key and its name, such as `REFRESH_TOKEN_KEYS:1`. */
export type NamedKey = Readonly<{ name: string; key: Buffer }>

/**
 * Must never change: another text would invalidate every stored proof. No key is otherwise used for
 * this text.
 */
const CHECK = 'auto-refresh key check 1'

/**
 * Compares keys with the proofs in `<schema>.key_proofs`, and stores the proofs of new keys.
 * Resolves to the names of the keys that have changed; then it stores nothing. Of two processes
 * that start at once with different keys, only one gets an empty list. A proof does not reveal its
 * key.
 */
export async function findChangedKeys({
  pool,
  schema,
  keys,
}: {
  pool: Pool
  schema: string
  keys: readonly NamedKey[]
}): Promise<string[]> {
  // Sorted by name, so that concurrent processes cannot deadlock.
  const sorted = keys.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const values = [sorted.map(({ name }) => name), sorted.map(({ key }) => toProof(key))]
  const given = `unnest($1::text[], $2::bytea[]) with ordinality as given(name, proof, position)`
  try {
    await inTransaction(pool, async (client) => {
      await client.query(
        `insert into ${schema}.key_proofs (name, proof)
         select name, proof from ${given} order by position
         on conflict (name) do nothing`,
        values,
      )
      // A separate statement sees what another process committed while the insert waited.
      const { rows } = await client.query<{ name: string }>(
        `select name from ${schema}.key_proofs stored join ${given} using (name)
         where stored.proof <> given.proof order by name`,
        values,
      )
      if (rows.length > 0) throw new ChangedKeys(rows.map(({ name }) => name))
    })
    return []
  } catch (error) {
    if (error instanceof ChangedKeys) return error.names
    throw error
  }
}

/** Thrown inside the transaction to roll it back. */
class ChangedKeys extends Error {
  readonly names: string[]
  constructor(names: string[]) {
    super('Keys differ from their stored proofs')
    this.names = names
  }
}

function toProof(key: Buffer): Buffer {
  return createHmac('sha256', key).update(CHECK).digest()
}
