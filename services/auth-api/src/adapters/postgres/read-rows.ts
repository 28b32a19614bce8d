import { toUnavailable } from '@auto-refresh/service-kit/postgres'
import type { Pool, PoolClient, QueryResultRow } from 'pg'

export type Queryable = Pick<Pool | PoolClient, 'query'>
type Statement = Readonly<{ name?: string; text: string; values?: readonly unknown[] }>

/**
 * Runs one statement and returns its rows. Every error becomes `CodedError('unavailable')` with its
 * cause.
 */
export async function readRows<Row extends QueryResultRow>(
  database: Queryable,
  { values = [], ...statement }: Statement,
): Promise<Row[]> {
  try {
    return (await database.query<Row>({ ...statement, values: [...values] })).rows
  } catch (error) {
    throw toUnavailable(error)
  }
}
