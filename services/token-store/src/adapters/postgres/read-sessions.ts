import type { ClientBase, Pool } from 'pg'
import type { Session } from '../../domain/session.ts'
import { SESSION_COLUMN_NAMES, toSession, type SessionRow } from './session-columns.ts'

/** Reads sessions without a lock. */
export async function readSessions(client: ClientBase, ids: readonly string[]): Promise<Session[]> {
  const { rows } = await client.query<SessionRow>({
    name: 'read-sessions',
    rowMode: 'array',
    text: `select ${SESSION_COLUMN_NAMES} from token_store.sessions where id = any($1::uuid[])`,
    values: [ids],
  })
  return rows.map(toSession)
}

/** Reads the active sessions of a user, the most recently rotated first. */
export async function readActiveSessions(
  client: ClientBase | Pool,
  userId: string,
): Promise<Session[]> {
  const { rows } = await client.query<SessionRow>({
    name: 'read-active-sessions',
    rowMode: 'array',
    text: `
      select ${SESSION_COLUMN_NAMES} from token_store.sessions
      where user_id = $1::uuid and revoked_at is null and idle_until > clock_timestamp()
      order by rotated_at desc`,
    values: [userId],
  })
  return rows.map(toSession)
}
