import type { Pool, PoolClient } from 'pg'

/**
 * Under a stricter isolation a request that waited for a row would fail instead of reading its new
 * state.
 */
const BEGIN = 'begin isolation level read committed'

/**
 * A transaction in two round trips: [begin, lock], then [apply, commit]. Between them nothing waits
 * but `decide`. Resolves only when the server has answered COMMIT: behind a failed statement it
 * answers ROLLBACK without an error. When the connection breaks, the outcome of the commit is
 * unknown and the error says nothing of it.
 */
export async function inTwoFlights<Locked, T>(
  pool: Pool,
  lock: (client: PoolClient) => Promise<Locked>,
  decide: (locked: Locked) => { result: T; apply?: (client: PoolClient) => Promise<unknown> },
): Promise<T> {
  const client = await pool.connect()
  let usable = false
  try {
    const [, locked] = await Promise.all([client.query(BEGIN), lock(client)])
    const { result, apply } = decide(locked)
    const [, { command }] = await Promise.all([apply?.(client), client.query('commit')])
    if (command !== 'COMMIT') throw new Error(`commit was answered with ${command}`)
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
