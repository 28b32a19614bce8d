import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { startPostgres } from './start-postgres.ts'

export type TestDatabase = Readonly<{ url: string; drop: () => Promise<void> }>

let server: ReturnType<typeof startPostgres> | undefined

/**
 * Replaces the short deadlines of our pools, which a machine that stalls for a second would break.
 */
const PATIENT = {
  options:
    '-c statement_timeout=120000 -c lock_timeout=30000 -c idle_in_transaction_session_timeout=30000',
  query_timeout: '130000',
  connectionTimeoutMillis: '30000',
}

/**
 * Creates an empty database with a unique name. Under vitest all test files share the server of the
 * global set-up; elsewhere the first call starts a server, which `stopTestPostgres` stops.
 * Connections of its URL have long deadlines, except for tests of `ownDeadlines`.
 */
export async function createTestDatabase({ ownDeadlines = false } = {}): Promise<TestDatabase> {
  server ??= startPostgres()
  const { url } = await server
  const name = `test_${randomBytes(8).toString('hex')}`
  await execute(url, `create database ${name}`)
  const own = new URL(url)
  own.pathname = `/${name}`
  if (!ownDeadlines)
    for (const [parameter, value] of Object.entries(PATIENT)) own.searchParams.set(parameter, value)
  return { url: own.href, drop: () => execute(url, `drop database if exists ${name} with (force)`) }
}

/** Stops the server that `createTestDatabase` started in this process, if it did. */
export async function stopTestPostgres(): Promise<void> {
  const started = server
  server = undefined
  await (await started)?.stop()
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
