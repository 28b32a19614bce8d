import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'
import type { Pool } from 'pg'

const TABLE = `create table if not exists oidc_models (
  type text, id text, payload jsonb not null, grant_id text,
  expires_at timestamptz not null, consumed_at timestamptz, primary key (type, id));
  create index if not exists oidc_models_grant on oidc_models (grant_id)`

/**
 * The storage that oidc-provider leaves to its users: one row per model, and one prepared statement
 * per call.
 */
export async function createPostgresAdapter({ pool }: { pool: Pool }): Promise<AdapterFactory> {
  await pool.query(TABLE)
  const run = (name: string, text: string, values: readonly unknown[]) =>
    pool.query<{ payload: AdapterPayload; consumed: number | null }>({
      name,
      text,
      values: [...values],
    })

  return (type): Adapter => ({
    async upsert(id, payload, expiresIn) {
      await run(
        'upsert',
        `insert into oidc_models (type, id, payload, grant_id, expires_at)
        values ($1::text, $2::text, $3::jsonb, $4::text, now() + make_interval(secs => $5::int))
        on conflict (type, id) do update set
          payload = excluded.payload, grant_id = excluded.grant_id, expires_at = excluded.expires_at`,
        [type, id, JSON.stringify(payload), payload.grantId ?? null, expiresIn],
      )
    },
    async find(id) {
      const {
        rows: [row],
      } = await run(
        'find',
        `select payload, extract(epoch from consumed_at)::int as consumed from oidc_models
        where type = $1::text and id = $2::text and expires_at > now()`,
        [type, id],
      )
      return row && { ...row.payload, ...(row.consumed === null ? {} : { consumed: row.consumed }) }
    },
    async consume(id) {
      await run(
        'consume',
        'update oidc_models set consumed_at = now() where type = $1::text and id = $2::text',
        [type, id],
      )
    },
    async destroy(id) {
      await run('destroy', 'delete from oidc_models where type = $1::text and id = $2::text', [
        type,
        id,
      ])
    },
    async revokeByGrantId(grantId) {
      await run('revoke', 'delete from oidc_models where type = $1::text and grant_id = $2::text', [
        type,
        grantId,
      ])
    },
    findByUid: () => Promise.reject(new Error('This bench has no sign-in')),
    findByUserCode: () => Promise.reject(new Error('This bench has no sign-in')),
  })
}
