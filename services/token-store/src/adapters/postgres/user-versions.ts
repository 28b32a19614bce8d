import type { ClientBase } from 'pg'

/**
 * Raises the version of the user, never lowers it, and locks its row until the commit: no session
 * can be issued under a lower version until then.
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
 * Returns the version up to which the user has been revoked, or 0, and locks it for share: a
 * concurrent revocation either waits for this issue or is seen by it.
 */
export async function holdUserVersion(client: ClientBase, userId: string): Promise<number> {
  await client.query({
    name: 'ensure-user-version',
    text: `
      insert into token_store.user_versions (user_id, version) values ($1::uuid, 0)
      on conflict (user_id) do nothing`,
    values: [userId],
  })
  const { rows } = await client.query<{ version: number }>({
    name: 'hold-user-version',
    text: 'select version from token_store.user_versions where user_id = $1::uuid for share',
    values: [userId],
  })
  return rows[0]?.version ?? 0
}
