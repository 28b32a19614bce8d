import type { ClientBase } from 'pg'
import type { Session } from '../../domain/session.ts'
import { SESSION_COLUMN_NAMES, toSession, type SessionRow } from './session-columns.ts'

/** Locks in id order, as every statement that locks several sessions: batches cannot deadlock. */
export async function lockSessions(client: ClientBase, ids: readonly string[]): Promise<Session[]> {
  const { rows } = await client.query<SessionRow>({
    name: 'lock-sessions',
    rowMode: 'array',
    text: `select ${SESSION_COLUMN_NAMES} from token_store.sessions where id = any($1::uuid[]) order by id for update`,
    values: [ids],
  })
  return rows.map(toSession)
}

/** Locks the active sessions of the user below `version`, in id order. */
export async function lockSessionsBelowVersion(
  client: ClientBase,
  userId: string,
  version: number,
): Promise<Session[]> {
  const { rows } = await client.query<SessionRow>({
    name: 'lock-sessions-below-version',
    rowMode: 'array',
    text: `
      select ${SESSION_COLUMN_NAMES} from token_store.sessions
      where user_id = $1::uuid and user_version < $2::bigint and revoked_at is null
      order by id
      for update`,
    values: [userId, version],
  })
  return rows.map(toSession)
}
