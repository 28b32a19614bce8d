import { sendTogether } from '@auto-refresh/service-kit/postgres'
import type { Pool, PoolClient } from 'pg'

/** In a stricter isolation level a request that waited for a row would fail, not read its new state. */
const BEGIN = 'begin isolation level read committed'

/**
 * Runs a transaction in two round trips: [begin, lock], then [apply, commit]. Only `decide` runs
 * between them, so it must be synchronous. Resolves when the server has answered COMMIT; after a
 * failed statement Postgres answers ROLLBACK without an error. If the connection breaks, it is
 * unknown whether the transaction was committed.
 */
export async function inTwoRoundTrips<Locked, T>(
  pool: Pool,
  lock: (client: PoolClient) => Promise<Locked>,
  decide: (locked: Locked) => { result: T; apply?: (client: PoolClient) => Promise<unknown> },
): Promise<T> {
  const client = await pool.connect()
  let usable = false
  try {
    const [, locked] = await sendTogether(client, () =>
      Promise.all([client.query(BEGIN), lock(client)]),
    )
    const { result, apply } = decide(locked)
    const [, { command }] = await sendTogether(client, () =>
      Promise.all([apply?.(client), client.query('commit')]),
    )
    if (command !== 'COMMIT') throw new Error(`Commit failed: Postgres answered ${command}`)
    usable = true
    return result
  } catch (error) {
    usable = await client.query('rollback').then(
      () => true,
      () => false,
    )
    throw error
  } finally {
    client.release(!usable)
  }
}
