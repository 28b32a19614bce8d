import type { Client } from 'pg'

/** The size and the statistics of a table with its indexes. */
export type TableState = Readonly<{
  bytes: number
  updates: number
  hotUpdates: number
  deadRows: number
  /** share of the heap that is free or dead; NaN without the extension pgstattuple */
  unusedPercent: number
}>

/** Reads them now. Postgres reports statistics of the last seconds late. */
export async function readTable(client: Client, name: string): Promise<TableState> {
  const { rows } = await client.query<Omit<TableState, 'unusedPercent'>>(
    `select pg_total_relation_size(relid)::float8 as bytes, n_tup_upd::float8 as updates,
       n_tup_hot_upd::float8 as "hotUpdates", n_dead_tup::float8 as "deadRows"
     from pg_stat_all_tables where relid = $1::regclass`,
    [name],
  )
  const [state] = rows
  if (state === undefined) throw new Error(`There is no table ${name}`)
  const unused = await client
    .query<{ percent: number }>(
      `select approx_free_percent + dead_tuple_percent as percent
       from pgstattuple_approx($1::regclass)`,
      [name],
    )
    .catch(() => ({ rows: [] }))
  return { ...state, unusedPercent: unused.rows[0]?.percent ?? Number.NaN }
}

/** Returns the size of all tables of a schema, with their indexes. */
export async function readSchemaBytes(client: Client, schema: string): Promise<number> {
  const { rows } = await client.query<{ bytes: number }>(
    `select coalesce(sum(pg_total_relation_size(oid)), 0)::float8 as bytes from pg_class
     where relnamespace = $1::regnamespace and relkind = 'r'`,
    [schema],
  )
  return rows[0]?.bytes ?? Number.NaN
}

/** Returns the percentage of the updates between two states that changed no index. */
export const toHotPercent = (before: TableState, after: TableState) =>
  (100 * (after.hotUpdates - before.hotUpdates)) / (after.updates - before.updates)
