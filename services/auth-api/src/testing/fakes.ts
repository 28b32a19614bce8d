import type { StoredSession, TokenStore } from '@auto-refresh/contracts'
import { vi } from 'vitest'
import type { RequestContext } from '../ports/request-context.ts'
import type { Revocations } from '../ports/revocations.ts'
import type { Log, Metrics } from '../ports/telemetry.ts'
import type { User } from '../ports/users.ts'

export const USER_ID = '0199e000-0000-7000-8000-00000000000a'
export const SESSION_ID = '0199e000-0000-7000-8000-0000000000f1'
export const NOW_MS = Date.UTC(2026, 10, 1, 12)
export const clock = { nowMs: () => NOW_MS }

export const context: RequestContext = {
  address: '203.0.113.7',
  block: '203.0.113.7/32',
  network: '203.0.113.0/24',
  agent: 'test',
  straightFromLoopback: false,
}

export function aUser(change: Partial<User> = {}): User {
  return {
    id: USER_ID,
    username: 'Ada',
    role: 'user',
    active: true,
    version: 1,
    demo: false,
    claims: {},
    passwordHash: 'hash',
    ...change,
  }
}

export function aSession(change: Partial<StoredSession> = {}): StoredSession {
  return {
    id: SESSION_ID,
    userId: USER_ID,
    userVersion: 1,
    clientId: 'first-party',
    generation: 3,
    authenticatedAtMs: NOW_MS - 60_000,
    rotatedAtMs: NOW_MS,
    expiresAtMs: NOW_MS + 86_400_000,
    idleUntilMs: NOW_MS + 3_600_000,
    network: context.network,
    agent: context.agent,
    ...change,
  }
}

/** Every method is a `vi.fn` that fails until a test sets its result. */
export function aTokenStore() {
  const unexpected = (name: string) => () => Promise.reject(new Error(`${name} was not expected`))
  return {
    issue: vi.fn<TokenStore['issue']>(unexpected('issue')),
    rotate: vi.fn<TokenStore['rotate']>(unexpected('rotate')),
    peek: vi.fn<TokenStore['peek']>(unexpected('peek')),
    inspect: vi.fn<TokenStore['inspect']>(unexpected('inspect')),
    revokeSession: vi.fn<TokenStore['revokeSession']>(unexpected('revokeSession')),
    revokeUser: vi.fn<TokenStore['revokeUser']>(unexpected('revokeUser')),
    listSessions: vi.fn<TokenStore['listSessions']>(unexpected('listSessions')),
    revocations: vi.fn<TokenStore['revocations']>(unexpected('revocations')),
  }
}

export function fakeMetrics() {
  return {
    loggedIn: vi.fn<Metrics['loggedIn']>(),
    refreshed: vi.fn<Metrics['refreshed']>(),
    rateLimited: vi.fn<Metrics['rateLimited']>(),
    passwordChanged: vi.fn<Metrics['passwordChanged']>(),
    loginEventsDropped: vi.fn<Metrics['loginEventsDropped']>(),
    revocationLearned: vi.fn<Metrics['revocationLearned']>(),
  }
}

export function aLog() {
  const lines: string[] = []
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push(JSON.stringify({ level, ...fields, message }))
  return {
    lines,
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  } satisfies Log & { lines: string[] }
}

export function aRevocationList(): Revocations & { revoked: Set<string> } {
  const revoked = new Set<string>()
  return { revoked, isRevoked: (id) => revoked.has(id), add: (id) => void revoked.add(id) }
}

/** Limits that allow all refusals and all log lines. */
export const unlimited = {
  limitRefused: async () => undefined,
  limitEnded: async () => undefined,
  lines: { take: async () => ({ allowed: true }) },
}
