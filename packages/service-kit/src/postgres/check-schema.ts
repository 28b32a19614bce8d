import type { Pool } from 'pg'
import { checkEncoding } from './check-encoding.ts'
import { readMigrations } from './read-migrations.ts'
import { tryWhileUnavailable } from './try-while-unavailable.ts'

/**
 * Throws an `Error` if the schema is older than this code. A newer schema is accepted: during a
 * roll-out old replicas run on the new schema. Throws a `ConfigError` if the database does not use
 * UTF-8.
 */
export async function checkSchema({
  pool,
  schema,
  directory,
}: {
  pool: Pool
  schema: string
  directory: string
}): Promise<void> {
  const migrations = await readMigrations({ schema, directory, query: (sql) => pool.query(sql) })
  await tryWhileUnavailable(() => checkEncoding((sql) => pool.query(sql)))
  const wanted = await migrations.getMaxVersion()
  const found = await tryWhileUnavailable(() => migrations.getDatabaseVersion())
  if (found < wanted)
    throw new Error(
      `The schema ${schema} is at version ${found}, this code needs ${wanted}: run \`npm run migrate\` first`,
    )
}
