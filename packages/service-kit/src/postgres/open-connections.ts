import type { Pool } from 'pg'

const CONNECTIONS = 4

/**
 * Opens up to 4 connections of a pool before the process is ready. Postgres starts a process for
 * each, which is slow on a busy machine, and the first requests of a new replica would time out.
 * Throws if one fails.
 */
export async function openConnections(pool: Pool): Promise<void> {
  const count = Math.min(CONNECTIONS, pool.options.max)
  const results = await Promise.allSettled(Array.from({ length: count }, () => pool.connect()))
  for (const result of results) if (result.status === 'fulfilled') result.value.release()
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
