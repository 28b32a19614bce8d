import { expect, test } from 'vitest'
import { toUptimeClock } from './uptime.ts'

const NOW = 1_800_000_000_000
const HOUR = 3_600_000
const at = (more: Partial<Parameters<typeof toUptimeClock>[0]>) =>
  toUptimeClock({ nowMs: NOW, beatAtMs: NOW, downtimes: [], ...more }).isDoubtful

test('a clock is doubtful for ten minutes after a gap longer than an hour, and while it is a minute ahead of the process', () => {
  expect(at({})).toBe(false)
  expect(at({ beatAtMs: NOW - HOUR })).toBe(false)
  expect(at({ beatAtMs: NOW - HOUR - 1 })).toBe(true)
  expect(at({ downtimes: [{ fromMs: NOW - 2 * HOUR, toMs: NOW - 599_999 }] })).toBe(true)
  expect(at({ downtimes: [{ fromMs: NOW - 2 * HOUR, toMs: NOW - 600_000 }] })).toBe(false)
  expect(at({ downtimes: [{ fromMs: NOW - HOUR - 1000, toMs: NOW - 1000 }] })).toBe(false)
  expect(at({ processMs: NOW - 60_001 })).toBe(true)
  // A clock that is behind does not expire anything too early.
  expect(at({ processMs: NOW + 60_001 })).toBe(false)
})
