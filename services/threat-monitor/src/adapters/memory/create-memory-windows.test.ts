import { expect, test } from 'vitest'
import type { Watched } from '../../domain/observation.ts'
import { START_MS } from '../../testing/events.ts'
import { createMemoryWindows } from './create-memory-windows.ts'

const threshold = { points: 3, seconds: 60 }
const observe = (subject: string, member: string, atMs = START_MS): Watched => ({
  pattern: 'spraying',
  subject,
  member,
  about: {},
  atMs,
  eventId: member,
  traceparent: undefined,
  threshold,
})

test('a million subjects use bounded memory, and do not displace a subject that is seen repeatedly', async () => {
  const windows = createMemoryWindows({ clock: { nowMs: () => START_MS }, maxEntries: 1000 })
  for (let i = 0; i < 50_000; i += 1) {
    await windows.add([observe(`stranger ${i}`, 'm')])
    if (i % 100 === 0) await windows.add([observe('attacker', String(i / 100))])
    expect(windows.size()).toBeLessThanOrEqual(1000)
  }
  const [last] = await windows.add([observe('attacker', 'last')])
  expect(last?.window).toHaveLength(50)
})

test('expired windows are dropped', async () => {
  let nowMs = START_MS
  const windows = createMemoryWindows({ clock: { nowMs: () => nowMs } })
  await windows.add(Array.from({ length: 1000 }, (_, i) => observe(`subject ${i}`, 'm')))
  nowMs += 60_001
  await windows.add([observe('new', 'm', nowMs)])
  expect(windows.size()).toBe(1)
})
