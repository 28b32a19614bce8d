import type { Tracing } from '@auto-refresh/contracts'
import { Pool } from 'pg'
import { traceQueries } from './trace-queries.ts'
import { typeParsers } from './type-parsers.ts'

/**
 * Shorter than every deadline of a caller: a statement is cancelled after 1 s, a lock is waited for 250 ms, a transaction may
 * stand idle for 1 s. They are settings of the session, so that the server keeps them when this process hangs.
 */
const SESSION = '-c statement_timeout=1000 -c lock_timeout=250 -c idle_in_transaction_session_timeout=1000'

export type PoolOptions = Readonly<{
  url: string
  applicationName: string
  max: number
  /** Told of every connection that broke; the pool replaces it by itself. */
  onError: (error: Error) => void
  tracing?: Tracing | undefined
}>

/**
 * A pool whose clients pipeline: queries that are issued without awaiting each other travel together. A query that is
 * not answered within 2 s costs its connection and rejects, with the outcome unknown. A connection is waited for 1 s. What the
 * URL says of deadlines in the words of pg (`options`, `query_timeout`, `connectionTimeoutMillis`) goes before;
 * `connect_timeout` does not, which many URLs bring along for clients that have more time.
 */
export function createPool({ url, applicationName, max, onError, tracing }: PoolOptions): Pool {
  const pool = new Pool({
    connectionString: url,
    application_name: applicationName,
    max,
    options: SESSION,
    types: typeParsers,
    pipeline: true,
    keepAlive: true,
    connectionTimeoutMillis: toConnectMs(url),
    query_timeout: 2000,
    idleTimeoutMillis: 60_000,
  })
  // A client that breaks while it is checked out has no listener of the pool's: without this one the process would end.
  pool.on('connect', (client) =>
    client.on('error', (error) => {
      if (!pool.ending) onError(error)
    }),
  )
  pool.on('error', () => {})
  if (tracing !== undefined) traceQueries(pool, tracing)
  return pool
}

function toConnectMs(url: string): number {
  const ms = Number(URL.parse(url)?.searchParams.get('connectionTimeoutMillis'))
  return ms > 0 ? ms : 1000
}
