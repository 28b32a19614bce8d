import type { Tracing } from '@auto-refresh/contracts'
import { Pool } from 'pg'
import { createClientClass } from './create-client-class.ts'
import { applySessionSettings } from './apply-session-settings.ts'
import { toConnection } from './to-connection.ts'
import { traceQueries } from './trace-queries.ts'
import { typeParsers } from './type-parsers.ts'

/**
 * Shorter than every deadline of a caller. They are settings of the session, so that the server
 * keeps them when this process hangs.
 */
const DEADLINES = { statementMs: 1000, lockMs: 250, idleInTransactionMs: 1000, urlWins: true }

export type PoolOptions = Readonly<{
  url: string
  applicationName: string
  max: number
  /** Told of every connection that broke; the pool replaces it by itself. */
  onError: (error: Error) => void
  tracing?: Tracing | undefined
}>

/**
 * A pool whose clients pipeline: queries that are issued without awaiting each other travel
 * together. A query that is not answered within 2 s costs its connection and rejects, with the
 * outcome unknown. A connection is waited for 1 s. What the URL says of deadlines in the words of
 * pg (`options`, `query_timeout`, `connectionTimeoutMillis`) goes before; `connect_timeout` does
 * not, which many URLs bring along for clients that have more time. Throws a `ConfigError` when the
 * URL cannot work.
 */
export function createPool({ url, applicationName, max, onError, tracing }: PoolOptions): Pool {
  const connection = toConnection(url)
  const pool = new Pool({
    application_name: applicationName,
    connectionTimeoutMillis: 1000,
    query_timeout: 2000,
    ...connection.config,
    Client: createClientClass(connection),
    onConnect: (client) => applySessionSettings(client, DEADLINES),
    max,
    types: typeParsers,
    pipeline: true,
    keepAlive: true,
    idleTimeoutMillis: 60_000,
  })
  // A client that breaks while it is checked out has no listener of the pool's: without this one
  // the process would end.
  pool.on('connect', (client) =>
    client.on('error', (error) => {
      if (!pool.ending) onError(error)
    }),
  )
  pool.on('error', () => {})
  if (tracing !== undefined) traceQueries(pool, tracing)
  return pool
}
