import type { Pool } from 'pg'
import type { Notice, Notices } from '../../ports/notices.ts'
import { readRows } from './read-rows.ts'

/** The notices in `auth_api.notices`. */
export function createPostgresNotices({ pool }: { pool: Pool }): Notices {
  return {
    async leave(notice) {
      await leave(pool, notice)
    },
    list: (userId) => list(pool, userId),
    dismiss: async (userId, id) => (await dismiss(pool, userId, id)).length > 0,
  }
}

function leave(pool: Pool, { id, userId, sessionId, occurredAtMs }: Notice) {
  return readRows(pool, {
    text: `
      insert into auth_api.notices (id, user_id, session_id, occurred_at)
      values ($1::uuid, $2::uuid, $3::uuid, to_timestamp($4::float8 / 1000))
      on conflict (id) do nothing`,
    values: [id, userId, sessionId, occurredAtMs],
  })
}

async function list(pool: Pool, userId: string): Promise<Notice[]> {
  const rows = await readRows<{
    id: string
    user_id: string
    session_id: string
    occurred_at: number
  }>(pool, {
    text: `
      select id, user_id, session_id, occurred_at from auth_api.notices
      where user_id = $1::uuid and dismissed_at is null order by occurred_at desc, id limit 100`,
    values: [userId],
  })
  return rows.map((row) => ({
    id: row.id,
    userId: row.user_id,
    sessionId: row.session_id,
    occurredAtMs: row.occurred_at,
  }))
}

function dismiss(pool: Pool, userId: string, id: string) {
  return readRows(pool, {
    text: `
      update auth_api.notices set dismissed_at = now()
      where id = $2::uuid and user_id = $1::uuid and dismissed_at is null returning id`,
    values: [userId, id],
  })
}
