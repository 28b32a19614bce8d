import type { Pool } from 'pg'

const CONNECTIONS = 4

/**
 * Opens connections of a pool before the process is ready. Postgres starts a process for each,
 * which takes long on a busy machine: without this, the first requests of a new replica would wait
 * for it and fail.
 */
export async function openConnections(pool: Pool): Promise<void> {
  const count = Math.min(CONNECTIONS, pool.options.max)
  const results = await Promise.allSettled(Array.from({ length: count }, () => pool.connect()))
  for (const result of results) if (result.status === 'fulfilled') result.value.release()
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
