import { AdminSessionData, AdminSessionsData, CodedError, IdParams } from '@auto-refresh/contracts'
import type { SessionRecord } from '../../../../use-cases/sessions/session-administration.ts'
import { nothing, NothingData } from '../responses.ts'
import type { App, RouteDeps } from '../route.ts'
import { toUtc } from '../to-utc.ts'
import { actorOf, adminSchema, throwRefusal } from './admin-schemas.ts'
import { toId } from './to-id.ts'
import type { RequireAdmin } from './create-require-admin.ts'

/** Adds the routes that show and end sessions. */
export function addAdminSessions(
  app: App,
  { administration: { users, sessions } }: RouteDeps,
  requireAdmin: RequireAdmin,
): void {
  const [onRead, onWrite] = [requireAdmin('read'), requireAdmin('write')]
  const one = { params: IdParams }

  const list = {
    ...adminSchema('listUserSessions', 'The active sessions of a user', {
      needed: 'read',
      data: AdminSessionsData,
    }),
    ...one,
  }
  app.get('/users/:id/sessions', { schema: list, onRequest: onRead }, async ({ params }) => {
    const id = toId(params)
    if ((await users.find(id)) === undefined) throw new CodedError('not_found')
    const found = await sessions.listOf(id)
    return {
      status: 200,
      message: 'Sessions retrieved successfully',
      data: { sessions: found.map(toSessionData) },
    }
  })

  const endAll = {
    ...adminSchema('deleteUserSessions', 'End all sessions of a user', {
      needed: 'write',
      data: NothingData,
    }),
    ...one,
  }
  app.delete('/users/:id/sessions', { schema: endAll, onRequest: onWrite }, async (request) => {
    throwRefusal(await users.revokeSessions(toId(request.params), actorOf(request)))
    return nothing('Sessions ended successfully')
  })

  const get = {
    ...adminSchema('getSession', 'A session, also one that has ended lately', {
      needed: 'read',
      data: AdminSessionData,
    }),
    ...one,
  }
  app.get('/sessions/:id', { schema: get, onRequest: onRead }, async ({ params }) => {
    const session = await sessions.find(toId(params))
    if (session === undefined) throw new CodedError('not_found')
    return {
      status: 200,
      message: 'Session retrieved successfully',
      data: toSessionData(session),
    }
  })

  const end = {
    ...adminSchema('deleteSession', 'End a session', { needed: 'write', data: NothingData }),
    ...one,
  }
  app.delete('/sessions/:id', { schema: end, onRequest: onWrite }, async (request) => {
    throwRefusal(await sessions.end(toId(request.params), actorOf(request)))
    return nothing('Session ended successfully')
  })
}

function toSessionData(session: SessionRecord): AdminSessionData {
  const { id, userId, active, ended, generation, network, agent } = session
  return {
    id,
    user_id: userId,
    state: active ? 'active' : ended === undefined ? 'expired' : 'ended',
    ...(ended === undefined ? {} : { ended_at: toUtc(ended.atMs), end_reason: ended.reason }),
    signed_in_at: toUtc(session.authenticatedAtMs),
    last_refreshed_at: toUtc(session.rotatedAtMs),
    expires_at: toUtc(session.expiresAtMs),
    idle_until: toUtc(session.idleUntilMs),
    generation,
    network,
    user_agent: agent,
    ...(session.amr === undefined ? {} : { amr: session.amr }),
  }
}
