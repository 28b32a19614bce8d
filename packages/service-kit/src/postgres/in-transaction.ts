import type { Pool, PoolClient } from 'pg'

const TRANSACTION_ROLLBACK = '40000'

/**
 * Runs `work` between begin and commit, and rolls back and rethrows if it throws. Resolves only when
 * the server has answered COMMIT: after a failed statement whose error was swallowed it answers
 * ROLLBACK without an error. `begin` is sent together with the first query of `work`. A broken
 * connection is destroyed; if it breaks during the commit, the outcome is unknown.
 */
export async function inTransaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  let usable = false
  try {
    const begun = client.query('begin isolation level read committed')
    const worked = rollingBack(() => work(client))
    await Promise.allSettled([begun, worked])
    await begun
    const result = await worked
    const { command } = await client.query('commit')
    usable = true
    if (command !== 'COMMIT')
      throw Object.assign(new Error(`Commit failed: Postgres answered ${command}`), {
        code: TRANSACTION_ROLLBACK,
      })
    return result
  } finally {
    client.release(!usable)
  }

  async function rollingBack(run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (error) {
      usable = await client.query('rollback').then(
        () => true,
        () => false,
      )
      throw error
    }
  }
}
