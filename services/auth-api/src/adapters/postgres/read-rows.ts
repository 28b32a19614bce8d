import { toUnavailable } from '@auto-refresh/service-kit/postgres'
import type { Pool, PoolClient, QueryResultRow } from 'pg'

export type Queryable = Pick<Pool | PoolClient, 'query'>
type Statement = Readonly<{ name?: string; text: string; values?: readonly unknown[] }>

/**
 * The rows of one statement. Throws `CodedError('unavailable')` with the cause: it is never the
 * caller's fault.
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
