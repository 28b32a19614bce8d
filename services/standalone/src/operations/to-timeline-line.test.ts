import { TIMELINE_TYPES, type TimelineEntry } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import { toTimelineLine } from './to-timeline-line.ts'

const at = '2026-11-23T12:00:00.000Z'
const entry = (type: TimelineEntry['type'], more: Partial<TimelineEntry> = {}): TimelineEntry => ({
  type,
  at,
  session_id: 's1',
  ...more,
})
const side = (network: string, agent: string, generation: number) => ({
  network,
  agent,
  at,
  generation,
})

test('a reuse shows both sides, refreshes their number and place, an act its actor and user', () => {
  const lines = [
    entry('refreshed', {
      count: 3,
      generation: 1,
      last_generation: 3,
      last_at: at,
      network: '192.0.2.0/24',
      agent: 'Firefox',
    }),
    entry('reused', {
      rotated: side('192.0.2.0/24', 'Firefox', 3),
      presented: side('198.51.100.0/24', 'curl', 2),
    }),
    entry('revoked', { reason: 'admin', actor: 'user:u1' }),
    entry('act', { actor: 'key:soc', act: 'user_changed', user_id: 'u2', details: { a: 1 } }),
  ].map(toTimelineLine)
  expect(lines).toEqual([
    `${at}  session s1  refreshed 3 times until ${at}, generations 1 to 3  from 192.0.2.0/24 "Firefox"`,
    `${at}  session s1  REUSED, session ended: last rotation generation 3 from 192.0.2.0/24 "Firefox" at ${at}; superseded token generation 2 from 198.51.100.0/24 "curl" at ${at}`,
    `${at}  session s1  revoked: admin, by user:u1`,
    `${at}  session s1  ACT of key:soc on user u2: user_changed {"a":1}`,
  ])
})

test.each(TIMELINE_TYPES)('%s is one line without undefined', (type) => {
  const line = toTimelineLine(entry(type))
  expect(line).not.toMatch(/undefined|\n/)
})

test('the user agent of a thief does not control the terminal', () => {
  expect(toTimelineLine(entry('issued', { network: 'n', agent: '\u001b[2Jx\r\ny' }))).toBe(
    `${at}  session s1  issued  from n "?[2Jx??y"`,
  )
})
