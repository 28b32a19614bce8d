import { checkEncoding } from './check-encoding.ts'
import { createClientClass } from './create-client-class.ts'
import { readMigrations } from './read-migrations.ts'
import { applySessionSettings } from './apply-session-settings.ts'
import { toConnection } from './to-connection.ts'

export type MigrateOptions = Readonly<{
  url: string
  schema: string
  /** absolute path of the folder of `001.do.<name>.sql` files */
  directory: string
  log: (message: string) => void
}>

const NO_DEADLINES = { statementMs: 0, lockMs: 0, idleInTransactionMs: 0, urlWins: false }

/**
 * Migrates a schema to the newest version, and creates it if it is missing. Everything runs in one
 * transaction under an advisory lock, so processes may start concurrently, and a killed one leaves
 * nothing half done. There is no deadline. Throws a `ConfigError` for a URL that cannot work or a
 * database that does not use UTF-8.
 */
export async function migrate({ url, schema, directory, log }: MigrateOptions): Promise<void> {
  const connection = toConnection(url)
  const Client = createClientClass(connection)
  const client = new Client({
    application_name: `migrate ${schema}`,
    connectionTimeoutMillis: 5000,
    ...connection.config,
    query_timeout: 0,
  })
  // A broken connection also rejects the query in flight, which reports the error.
  client.on('error', () => {})
  const migrations = await readMigrations({ schema, directory, query: (sql) => client.query(sql) })
  await client.connect()
  try {
    await applySessionSettings(client, NO_DEADLINES)
    await checkEncoding((sql) => client.query(sql))
    await client.query('begin isolation level read committed')
    // postgrator has no lock of its own: two processes would both create its table.
    await client.query('select pg_advisory_xact_lock(hashtextextended($1::text, 0))', [
      `migrate ${schema}`,
    ])
    await client.query(`create schema if not exists ${client.escapeIdentifier(schema)}`)
    const applied = await migrations.migrate()
    const { command } = await client.query('commit')
    if (command !== 'COMMIT') throw new Error(`The migration of ${schema} was rolled back`)
    for (const { version, name } of applied) log(`${schema} ${version}: ${name}`)
  } finally {
    await client.end()
  }
}
