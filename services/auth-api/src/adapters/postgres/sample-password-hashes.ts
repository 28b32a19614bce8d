import { readRows, type Queryable } from './read-rows.ts'

/** Returns the password hashes of at most 500 users, drawn at random: their ids are random. */
export async function samplePasswordHashes(database: Queryable): Promise<string[]> {
  const rows = await readRows<{ password_hash: string }>(database, {
    text: `
      select password_hash
      from (select password_hash from auth_api.users order by id limit 500) as drawn
      where password_hash is not null`,
  })
  return rows.map((row) => row.password_hash)
}
