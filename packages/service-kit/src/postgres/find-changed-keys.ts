import { createHmac } from 'node:crypto'
import type { Pool } from 'pg'
import { inTransaction } from './in-transaction.ts'

/** A secret key and the name under which it is known, `REFRESH_TOKEN_KEYS:1`. */
export type NamedKey = Readonly<{ name: string; key: Buffer }>

/**
 * Fixed: another text would make every stored proof wrong. It is no input that a key is otherwise
 * used for.
 */
const CHECK = 'auto-refresh key check 1'

/**
 * Compares keys with the proofs stored in `<schema>.key_proofs` and stores the proofs of keys that
 * are new. Returns the names of keys whose value differs from the stored one; then nothing is
 * stored. Of two processes that start at once with different keys, only one gets an empty list. A
 * proof does not reveal its key.
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
  // In the order of the names, so that two processes wait for each other instead of deadlocking.
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
      // A statement of its own: it sees what another process has committed while the insert waited.
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

/** Thrown inside the transaction, so that it is rolled back. */
class ChangedKeys extends Error {
  readonly names: string[]
  constructor(names: string[]) {
    super('keys differ from their stored proofs')
    this.names = names
  }
}

function toProof(key: Buffer): Buffer {
  return createHmac('sha256', key).update(CHECK).digest()
}
