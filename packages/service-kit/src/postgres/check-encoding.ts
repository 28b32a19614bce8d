import { ConfigError } from '@auto-refresh/contracts'

type Query = (sql: string) => Promise<{ rows: unknown[] }>

/** Throws a `ConfigError` unless the database uses UTF-8: others cannot store every user name. */
export async function checkEncoding(query: Query): Promise<void> {
  const { rows } = await query(`select pg_catalog.current_setting('server_encoding') as encoding`)
  const { encoding } = rows[0] as { encoding: string }
  if (encoding === 'UTF8') return
  throw new ConfigError([
    `DATABASE_URL refers to a database with the encoding ${encoding}, which cannot store every user name; ` +
      `expected UTF8: create database auth encoding 'UTF8' template template0`,
  ])
}
