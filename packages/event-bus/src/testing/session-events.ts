import { randomUUID } from 'node:crypto'
import type { EventOf } from '@auto-refresh/contracts'

/** A `session.rotated` event of the session `key` with the given number. */
export function createRotated(key: string, seq: number): EventOf<'session.rotated.v1'> {
  return {
    id: randomUUID(),
    type: 'session.rotated.v1',
    source: 'token-store',
    time: '2026-01-01T12:00:00.000Z',
    subject: key,
    key,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    data: {
      session_id: key,
      session_seq: seq,
      user_id: '0198c6f0-0000-7000-8000-000000000001',
      client_id: 'web',
      generation: seq,
      network: '192.0.2.0/24',
      agent: 'Tëst/1.0',
      idle_until: '2026-01-08T12:00:00.000Z',
      interval_seconds: 1500,
    },
  }
}

/** Events 1 to `count` of each of several new sessions, interleaved. */
export function createStory({
  sessions,
  count,
}: {
  sessions: number
  count: number
}): EventOf<'session.rotated.v1'>[] {
  const keys = Array.from({ length: sessions }, () => randomUUID())
  return Array.from({ length: count }, (_, at) =>
    keys.map((key) => createRotated(key, at + 1)),
  ).flat()
}
