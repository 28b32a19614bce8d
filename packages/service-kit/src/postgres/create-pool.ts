import { canRecord, noTracing, type Tracing } from '@auto-refresh/contracts'
import { Pool } from 'pg'
import { createClientClass } from './create-client-class.ts'
import { applySessionSettings } from './apply-session-settings.ts'
import { toConnection } from './to-connection.ts'
import { traceQueries } from './trace-queries.ts'
import { typeParsers } from './type-parsers.ts'

/**
 * Shorter than every deadline of a caller. They are settings of the session, so the server enforces
 * them even if this process hangs.
 */
const DEADLINES = { statementMs: 1000, lockMs: 250, idleInTransactionMs: 1000, urlWins: true }

export type PoolOptions = Readonly<{
  url: string
  applicationName: string
  max: number
  /** Called for every broken connection; the pool replaces it. */
  onError: (error: Error) => void
  tracing?: Tracing | undefined
}>

/**
 * Creates a pool whose clients pipeline: queries issued without awaiting each other are sent
 * together. Throws a `ConfigError` if the URL cannot work.
 *
 * - A query without a response within 2 s closes its connection and rejects; its outcome is unknown.
 * - Waiting for a connection times out after 1 s.
 * - Deadlines in the URL in pg's names (`options`, `query_timeout`, `connectionTimeoutMillis`) take
 *   precedence. `connect_timeout` is ignored: many URLs contain it for slower clients.
 */
export function createPool({
  url,
  applicationName,
  max,
  onError,
  tracing = noTracing,
}: PoolOptions): Pool {
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
  // The pool does not listen to a client that is checked out: without this listener its error would
  // end the process.
  pool.on('connect', (client) =>
    client.on('error', (error) => {
      if (!pool.ending) onError(error)
    }),
  )
  pool.on('error', () => {})
  if (canRecord(tracing)) traceQueries(pool, tracing)
  return pool
}
