import Postgrator from 'postgrator'

type Query = (sql: string) => Promise<{ rows: unknown[] }>

/**
 * Reads the migrations of `directory` (`001.do.<name>.sql`), whose state is in
 * `<schema>.schema_version`. `query` must use one connection. Throws if the folder has none.
 */
export async function readMigrations({
  schema,
  directory,
  query,
}: {
  schema: string
  directory: string
  query: Query
}): Promise<Postgrator> {
  if (!/^[a-z_]+$/.test(schema)) throw new TypeError(`${schema} is not a valid schema name`)
  const postgrator = new Postgrator({
    driver: 'pg',
    // The pattern is a glob, so brackets in the path of the checkout must be escaped.
    migrationPattern: `${directory.replace(/[\\?*()[\]{}]/g, '\\$&')}/*.sql`,
    schemaTable: `${schema}.schema_version`,
    execQuery: query,
  })
  if ((await postgrator.getMigrations()).length === 0)
    throw new Error(`No migrations found in ${directory}`)
  return postgrator
}
