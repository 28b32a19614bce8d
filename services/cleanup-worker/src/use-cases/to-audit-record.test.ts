import { LOGIN_EVENTS_TOPIC, SESSION_EVENTS_TOPIC, type AnyEvent } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import { toAuditRecord } from './to-audit-record.ts'

const attributes = { source: 'test', time: '2026-11-23T12:00:00.000Z', subject: 's', key: 'k' }

test('an event is stored with the columns that an investigation needs', () => {
  const revoked: AnyEvent = {
    ...attributes,
    id: 'a',
    type: 'session.revoked.v1',
    data: {
      session_id: 's',
      session_seq: 4,
      user_id: 'u',
      client_id: 'c',
      generation: 3,
      reason: 'logout',
      session_seconds: 60,
    },
  }
  expect(toAuditRecord(revoked)).toEqual({
    eventId: 'a',
    topic: SESSION_EVENTS_TOPIC,
    type: 'session.revoked.v1',
    key: 'k',
    sessionId: 's',
    sessionSeq: 4,
    userId: 'u',
    occurredAt: attributes.time,
    data: revoked.data,
  })
})

test('an event without a session or a user has none in its columns', () => {
  const failed: AnyEvent = {
    ...attributes,
    id: 'b',
    type: 'login.failed.v1',
    data: { username_hash: 'h', reason: 'invalid_credentials', network: 'n', agent: 'a' },
  }
  expect(toAuditRecord(failed)).toMatchObject({
    topic: LOGIN_EVENTS_TOPIC,
    sessionId: null,
    sessionSeq: null,
    userId: null,
    data: failed.data,
  })
})
