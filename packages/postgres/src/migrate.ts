import { Client } from 'pg'
import { readMigrations } from './migrations.ts'

export type MigrateOptions = Readonly<{
  url: string
  schema: string
  /** absolute path of the folder of `001.do.<name>.sql` files */
  directory: string
  log: (message: string) => void
}>

/**
 * Brings a schema to the newest version, and creates it first where it is missing. All of it is one transaction under an advisory lock:
 * starters may race, and one that is killed leaves nothing half done. No deadline: a migration takes as long as it takes.
 */
export async function migrate({ url, schema, directory, log }: MigrateOptions): Promise<void> {
  const client = new Client({ connectionString: url, application_name: `migrate ${schema}`, connectionTimeoutMillis: 5000, options: '-c statement_timeout=0 -c lock_timeout=0' })
  // A connection that breaks also rejects the query in flight, which is what the caller hears.
  client.on('error', () => {})
  const migrations = await readMigrations({ schema, directory, query: (sql) => client.query(sql) })
  await client.connect()
  try {
    await client.query('begin')
    // postgrator is not safe to race: two starters would both create its table.
    await client.query('select pg_advisory_xact_lock(hashtextextended($1::text, 0))', [`migrate ${schema}`])
    await client.query(`create schema if not exists ${client.escapeIdentifier(schema)}`)
    const applied = await migrations.migrate()
    const { command } = await client.query('commit')
    if (command !== 'COMMIT') throw new Error(`The migration of ${schema} was rolled back`)
    for (const { version, name } of applied) log(`${schema} ${version}: ${name}`)
  } finally {
    await client.end()
  }
}
