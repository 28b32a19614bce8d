import { CodedError } from '@auto-refresh/contracts'
import type { Administration } from '../adapters/http/http-deps.ts'
import type { UserRecord } from '../ports/user-directory.ts'
import type { SessionRecord } from '../use-cases/sessions/session-administration.ts'
import { aSession, aUser, NOW_MS } from './fakes.ts'

export function aUserRecord(change: Partial<UserRecord> = {}): UserRecord {
  const { id, username, role, active, demo } = aUser()
  return {
    id,
    username,
    externalId: undefined,
    role,
    claims: {},
    active,
    demo,
    hasPassword: true,
    createdAtMs: NOW_MS - 86_400_000,
    lastSignInAtMs: NOW_MS - 60_000,
    ...change,
  }
}

/** The roles of the access tokens of `openTestApp`. */
const ROLES = new Map([
  ['live', 'user'],
  ['live-auditor', 'auditor'],
  ['live-admin', 'admin'],
])

/**
 * An administration whose acts succeed. `calls` has the requests.
 */
export function anAdministration(change: Partial<Administration['users']> = {}) {
  const calls: { name: string; request: unknown[] }[] = []
  const session: SessionRecord = { ...aSession(), active: true }
  const done =
    (name: string) =>
    async (...request: unknown[]) => {
      calls.push({ name, request })
      return { outcome: 'done' as const }
    }
  const administration: Administration = {
    users: {
      add: async (...request) => {
        calls.push({ name: 'add', request })
        return { outcome: 'added', user: aUser() }
      },
      change: done('change'),
      erase: done('erase'),
      setPassword: done('setPassword'),
      revokeSessions: done('revokeSessions'),
      find: async () => aUserRecord(),
      search: async (...request) => {
        calls.push({ name: 'search', request })
        return { users: [aUserRecord()], next: undefined }
      },
      findByName: async () => aUser(),
      checkPassword: async () => ({ outcome: 'right', user: aUser() }),
      ...change,
    },
    sessions: {
      listOf: async () => [session],
      find: async () => session,
      end: done('end'),
    },
    checkAdministrator: async (token, needed, onIdentified) => {
      if (token === undefined) throw new CodedError('access_token_missing')
      const role = ROLES.get(token)
      if (role !== undefined) onIdentified({ userId: aUser().id, sessionId: session.id })
      if (role === 'admin' || (role === 'auditor' && needed === 'read')) return
      throw new CodedError(role === undefined ? 'access_token_invalid' : 'forbidden')
    },
    limitRefused: async () => undefined,
    async readTimeline(request) {
      calls.push({ name: 'readTimeline', request: [request] })
      return { outcome: 'read', entries: [], nextCursor: undefined }
    },
    async listDetections(request) {
      calls.push({ name: 'listDetections', request: [request] })
      return { detections: [], nextCursor: undefined }
    },
  }
  return { administration, calls }
}
