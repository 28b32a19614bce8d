import { expect, test } from 'vitest'
import { moveTimes } from './load-release-dump.ts'

const DAY = 86_400_000

test('every time of a dump moves, and nothing else does', () => {
  const dump = [
    `'2026-11-30 23:59:59.123456+00', '{"at": "2026-11-30T23:59:59.123Z"}', '2026-11-30'`,
    `'01a22e7f-982d-741d-8403-7a320d9f600c', '127.0.0.1/32', '-infinity', audit_20261130, null`,
  ]
  expect(moveTimes(dump.join('\n'), 31 * DAY + 2000).split('\n')).toEqual([
    `'2027-01-01 00:00:01.123456+00', '{"at": "2027-01-01T00:00:01.123Z"}', '2026-12-31'`,
    dump[1],
  ])
})
