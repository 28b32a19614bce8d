import Postgrator from 'postgrator'

type Query = (sql: string) => Promise<{ rows: unknown[] }>

/**
 * The migrations of `directory` (`001.do.<name>.sql`) against `<schema>.schema_version`, over one
 * connection.
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
  if (!/^[a-z_]+$/.test(schema)) throw new TypeError(`${schema} is not a known schema name`)
  const postgrator = new Postgrator({
    driver: 'pg',
    // The pattern is a glob: a checkout may stand in a folder whose name has brackets.
    migrationPattern: `${directory.replace(/[\\?*()[\]{}]/g, '\\$&')}/*.sql`,
    schemaTable: `${schema}.schema_version`,
    execQuery: query,
  })
  if ((await postgrator.getMigrations()).length === 0)
    throw new Error(`There are no migrations in ${directory}`)
  return postgrator
}
