import { LOGIN_EVENTS_TOPIC, SESSION_EVENTS_TOPIC, type AnyEvent } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import type { AuditRecord } from '../ports.ts'
import { createKeepEvents } from './keep-events.ts'

const attributes = { source: 'test', time: '2026-11-23T12:00:00.000Z', subject: 's', key: 'k' }
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
const failed: AnyEvent = {
  ...attributes,
  id: 'b',
  type: 'login.failed.v1',
  data: { username_hash: 'h', reason: 'invalid_credentials', network: 'n', agent: 'a' },
}

function createAudit(fault?: Error) {
  const records = new Map<string, AuditRecord>()
  const results: string[] = []
  const keepEvents = createKeepEvents({
    metrics: {
      eventProcessed: (event, result) => void results.push(`${event.id} ${result}`),
    },
    auditTrail: {
      deleteOlderThan: () => Promise.resolve(0),
      async keep(news) {
        if (fault !== undefined) throw fault
        return news.flatMap((record) =>
          records.has(record.eventId)
            ? []
            : [records.set(record.eventId, record) && record.eventId],
        )
      },
    },
  })
  return { records, results, keepEvents }
}

test('an event is stored with the columns that an investigation needs', async () => {
  const { records, keepEvents } = createAudit()
  await keepEvents([revoked, failed])
  expect([...records.values()]).toEqual([
    {
      eventId: 'a',
      topic: SESSION_EVENTS_TOPIC,
      type: 'session.revoked.v1',
      key: 'k',
      sessionId: 's',
      sessionSeq: 4,
      userId: 'u',
      occurredAt: attributes.time,
      data: revoked.data,
    },
    {
      eventId: 'b',
      topic: LOGIN_EVENTS_TOPIC,
      type: 'login.failed.v1',
      key: 'k',
      sessionId: null,
      sessionSeq: null,
      userId: null,
      occurredAt: attributes.time,
      data: failed.data,
    },
  ])
})

test('a repeated event is counted as a duplicate, in the same batch or later', async () => {
  const { results, keepEvents } = createAudit()
  await keepEvents([revoked, revoked])
  await keepEvents([revoked])
  expect(results).toEqual(['a handled', 'a duplicate', 'a duplicate'])
})

test('a batch that could not be stored is rejected, so that the bus delivers it again', async () => {
  const { results, keepEvents } = createAudit(new Error('no database'))
  await expect(keepEvents([revoked, failed])).rejects.toThrow('no database')
  expect(results).toEqual(['a failed', 'b failed'])
})
