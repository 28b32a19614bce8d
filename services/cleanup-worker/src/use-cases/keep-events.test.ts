import type { AnyEvent, EventType } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
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
  const kept = new Set<string>()
  const results: string[] = []
  const keepEvents = createKeepEvents({
    metrics: {
      eventsProcessed: (type, result, count) => void results.push(`${type} ${result} ${count}`),
    },
    auditTrail: {
      async keep(events) {
        if (fault !== undefined) throw fault
        const counts = new Map<EventType, number>()
        for (const { id, type } of events)
          if (!kept.has(id)) {
            kept.add(id)
            counts.set(type, (counts.get(type) ?? 0) + 1)
          }
        return counts
      },
    },
  })
  return { results, keepEvents }
}

test('a repeated event is counted as a duplicate, in the same batch or later', async () => {
  const { results, keepEvents } = createAudit()
  await keepEvents([revoked, failed, revoked])
  await keepEvents([revoked])
  expect(results).toEqual([
    'session.revoked.v1 handled 1',
    'session.revoked.v1 duplicate 1',
    'login.failed.v1 handled 1',
    'session.revoked.v1 duplicate 1',
  ])
})

test('a batch that could not be stored is rejected, so that the bus delivers it again', async () => {
  const { results, keepEvents } = createAudit(new Error('no database'))
  await expect(keepEvents([revoked, failed])).rejects.toThrow('no database')
  expect(results).toEqual(['session.revoked.v1 failed 1', 'login.failed.v1 failed 1'])
})
