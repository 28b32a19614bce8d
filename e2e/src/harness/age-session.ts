import { Client } from 'pg'

/** Returns the session id of a refresh token as the database writes it. */
export const sessionIdOf = (token: string): string =>
  Buffer.from(token.slice(4, 100), 'base64url')
    .subarray(2, 18)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

async function change(
  databaseUrl: string,
  statement: string,
  values: unknown[] = [],
): Promise<void> {
  const sql = new Client({ connectionString: databaseUrl })
  await sql.connect()
  try {
    await sql.query(statement, values)
  } finally {
    await sql.end()
  }
}

/**
 * Moves the last rotation of the token's session ten minutes into the past, beyond any grace
 * window.
 */
export async function ageSession(databaseUrl: string, token: string): Promise<void> {
  await change(
    databaseUrl,
    `update token_store.sessions set rotated_at = rotated_at - interval '10 minutes' where id = $1`,
    [sessionIdOf(token)],
  )
}

/**
 * Simulates an outage of an hour: moves everything an hour into the past. Call it while no service
 * is running.
 */
export async function letHourOfOutagePass(databaseUrl: string): Promise<void> {
  await change(
    databaseUrl,
    `with sessions as (
       update token_store.sessions
       set rotated_at = rotated_at - interval '1 hour', mark_at = mark_at - interval '1 hour'
     ), downtimes as (
       update token_store.downtimes
       set started_at = started_at - interval '1 hour', ended_at = ended_at - interval '1 hour'
     )
     update token_store.heartbeat set beat_at = beat_at - interval '1 hour'`,
  )
}
