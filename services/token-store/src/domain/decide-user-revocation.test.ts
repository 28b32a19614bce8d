import { expect, test } from 'vitest'
import { decideIssue } from './decide-issue.ts'
import { decideUserRevocation } from './decide-user-revocation.ts'

const NOW_MS = 1_800_000_000_000
const limit = { points: 60, seconds: 60 }
const { session } = decideIssue(
  {
    userId: '0199e000-0000-7000-8000-00000000000a',
    userVersion: 3,
    clientId: 'first-party',
    context: { network: 'unknown', agent: 'test' },
    accessTtlSeconds: 1860,
  },
  { sessionId: '0199e000-0000-7000-8000-0000000000f1', nonceHash: 'ab' },
  NOW_MS,
  {
    refreshTtlMs: 1000,
    sessionMaxMs: 2000,
    rotationLimit: limit,
    replayLimit: limit,
    currentMacKid: 1,
  },
)
const revoke = (version: number, keptSessionId?: string) =>
  decideUserRevocation(
    session,
    { version, reason: 'password_changed', ...(keptSessionId !== undefined && { keptSessionId }) },
    NOW_MS,
  )

test('the kept session moves to the new version of the user, without an event', () => {
  expect(revoke(4, session.id)).toEqual({ session: { ...session, userVersion: 4 }, events: [] })
})

test.each([
  ['is not kept', revoke(4)],
  ['is not the kept one', revoke(4, session.userId)],
  ['is of a version that an earlier revocation ends', revoke(5, session.id)],
])('a session that %s ends', (_, { session: { revokeReason, userVersion }, events }) => {
  expect([revokeReason, userVersion]).toEqual(['password_changed', 3])
  expect(events).toHaveLength(1)
})
