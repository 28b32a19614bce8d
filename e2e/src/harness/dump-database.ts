import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'

const SCHEMAS = { token_store: 'token-store', auth_api: 'auth-api', cleanup: 'cleanup-worker' }
/** postgrator makes it, not a migration. */
const VERSIONS = 'schema_version'

type Row = Record<string, string>

/**
 * Returns the SQL that makes the schemas and all rows of a database again, and the tables without a
 * row. It needs no tool of Postgres, and neither does loading it: the schemas are the migrations of
 * `repository`, and the rows are inserts.
 */
export async function dumpDatabase(
  databaseUrl: string,
  repository: string,
): Promise<{ text: string; empty: string[] }> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const read = async (sql: string) => (await client.query<Row>(sql)).rows
    await client.query(`set timezone = 'UTC'; set datestyle = 'ISO, YMD'`)
    const parts = [`set timezone = 'UTC'; set client_min_messages = warning;`]
    for (const [schema, service] of Object.entries(SCHEMAS)) {
      parts.push(`create schema ${schema};`, versionsOf(schema))
      const folder = join(repository, 'services', service, 'migrations')
      for (const name of globSync('*.sql', { cwd: folder }).toSorted())
        parts.push(`-- ${service}/${name}`, (await readFile(join(folder, name), 'utf8')).trim())
    }
    parts.push('-- Rows', DROP_PARTITIONS, ...(await read(PARTITIONS)).map(({ sql = '' }) => sql))
    const tables = await read(TABLES)
    // What the migrations have inserted is a row of the dump.
    parts.push(...tables.toReversed().map(({ name }) => `delete from ${name};`))
    const empty: string[] = []
    for (const { name = '', columns = '', values = '' } of tables) {
      const rows = await read(`select concat_ws(', ', ${values}) as row from ${name} order by 1`)
      if (rows.length === 0) empty.push(name)
      else
        parts.push(
          `insert into ${name} (${columns}) overriding system value values\n` +
            `${rows.map(({ row }) => `(${row})`).join(',\n')};`,
        )
    }
    parts.push(...(await read(SEQUENCES)).map(({ sql = '' }) => sql), AFTER_LOADING)
    return { text: `${parts.join('\n')}\n`, empty }
  } finally {
    await client.end()
  }
}

const versionsOf = (schema: string) =>
  `create table ${schema}.${VERSIONS} (version bigint primary key, name text, md5 text, run_at timestamptz);`

const NAMES = Object.keys(SCHEMAS)
  .map((name) => `'${name}'`)
  .join()
const IN_SCHEMAS = `n.nspname in (${NAMES})`

/** Those of the migrations begin at the time of loading. */
const DROP_PARTITIONS = `do $$
declare partition regclass;
begin
  for partition in
    select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and c.relispartition and ${IN_SCHEMAS}
  loop
    execute format('drop table %s', partition);
  end loop;
end
$$;`

const PARTITIONS = `
  select format('create table %s partition of %s %s;', c.oid::regclass, i.inhparent::regclass,
    pg_get_expr(c.relpartbound, c.oid)) as sql
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_inherits i on i.inhrelid = c.oid
  where c.relkind = 'r' and c.relispartition and ${IN_SCHEMAS}
  order by 1`

/** Rows of a partition belong to its table. Tables that others refer to come first. */
const TABLES = `
  select c.oid::regclass::text as name,
    string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns,
    string_agg(format('coalesce(quote_literal(%I::text), ''null'')', a.attname), ', '
      order by a.attnum) as values
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid
  where c.relkind in ('r', 'p') and not c.relispartition and ${IN_SCHEMAS}
    and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  group by c.oid
  order by not exists (
    select from pg_constraint f where f.contype = 'f' and f.confrelid = c.oid), 1`

const SEQUENCES = `
  select format('select setval(%L, %s);', format('%I.%I', schemaname, sequencename), last_value) as sql
  from pg_sequences
  where last_value is not null and schemaname in (${NAMES})`

/** The only time that is not written as one: it follows from two others, which the loading moves. */
const AFTER_LOADING = `update token_store.sessions
set sweep_bucket = ceil(extract(epoch from greatest(idle_until, access_expires_at)) / 21600);`
