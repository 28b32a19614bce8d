import type { Pool } from 'pg'
import type { NoticeKind, Notices } from '../../ports/notices.ts'
import { readRows } from './read-rows.ts'

type Row = {
  id: string
  kind: NoticeKind
  user_id: string
  session_id: string | null
  occurred_at: number
}

/** The notices in `auth_api.notices`. */
export function createPostgresNotices({ pool }: { pool: Pool }): Notices {
  return {
    async add({ id, userId, sessionId, occurredAtMs }) {
      await readRows(pool, {
        text: `
      insert into auth_api.notices (id, user_id, session_id, occurred_at)
      values ($1::uuid, $2::uuid, $3::uuid, to_timestamp($4::float8 / 1000))
      on conflict (id) do nothing`,
        values: [id, userId, sessionId ?? null, occurredAtMs],
      })
    },
    async list(userId) {
      const rows = await readRows<Row>(pool, {
        text: `
      select id, kind, user_id, session_id, occurred_at from auth_api.notices
      where user_id = $1::uuid and dismissed_at is null order by occurred_at desc, id limit 100`,
        values: [userId],
      })
      return rows.map((row) => ({
        id: row.id,
        kind: row.kind,
        userId: row.user_id,
        ...(row.session_id !== null && { sessionId: row.session_id }),
        occurredAtMs: row.occurred_at,
      }))
    },
    async dismiss(userId, id) {
      const rows = await readRows(pool, {
        text: `
      update auth_api.notices set dismissed_at = now()
      where id = $2::uuid and user_id = $1::uuid and dismissed_at is null returning id`,
        values: [userId, id],
      })
      return rows.length > 0
    },
  }
}
