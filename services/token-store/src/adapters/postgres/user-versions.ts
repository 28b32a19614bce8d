import type { ClientBase } from 'pg'

/**
 * Raises the version and holds its row until the commit: no issue under a lower one can pass by.
 * Never lowers it.
 */
export async function raiseUserVersion(
  client: ClientBase,
  userId: string,
  version: number,
): Promise<void> {
  await client.query({
    name: 'raise-user-version',
    text: `
      insert into token_store.user_versions as v (user_id, version) values ($1::uuid, $2::bigint)
      on conflict (user_id) do update set version = greatest(v.version, excluded.version)`,
    values: [userId, version],
  })
}

/**
 * The version that the user has been revoked up to, held for share: a revocation waits for the
 * issue, or the issue sees it.
 */
export async function holdUserVersion(client: ClientBase, userId: string): Promise<number> {
  await client.query({
    name: 'ensure-user-version',
    text: 'insert into token_store.user_versions (user_id, version) values ($1::uuid, 0) on conflict (user_id) do nothing',
    values: [userId],
  })
  const { rows } = await client.query<{ version: number }>({
    name: 'hold-user-version',
    text: 'select version from token_store.user_versions where user_id = $1::uuid for share',
    values: [userId],
  })
  return rows[0]?.version ?? 0
}
