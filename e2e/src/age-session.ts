import { Client } from 'pg'

/** The session that a refresh token names, as the database writes its id. */
export const sessionIdOf = (token: string): string =>
  Buffer.from(token.slice(4, 100), 'base64url').subarray(2, 18).toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

/** From now on the last rotation of the token's session is ten minutes ago, longer than any window. */
export async function ageSession(databaseUrl: string, token: string): Promise<void> {
  const sql = new Client({ connectionString: databaseUrl })
  await sql.connect()
  try {
    await sql.query(`update token_store.sessions set rotated_at = rotated_at - interval '10 minutes' where id = $1`, [sessionIdOf(token)])
  } finally {
    await sql.end()
  }
}
