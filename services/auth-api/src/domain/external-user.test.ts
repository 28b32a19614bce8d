import { expect, test } from 'vitest'
import { refuseDisplayName, refuseExternalId, toDefaultName } from './external-user.ts'
import { refuseAuthenticationTime } from './refuse-authentication-time.ts'

test.each(['google|1084', 'https://id.example#x y', '名', 'x'.repeat(255), '😀'.repeat(255)])(
  'any text is an external id: %s',
  (id) => expect(refuseExternalId(id)).toBeUndefined(),
)
test.each(['', 'x'.repeat(256), 'a\0', 'a\n', 'a\ud800'])('%j is no external id', (id) =>
  expect(refuseExternalId(id)).toMatch(/external id/),
)

test.each([
  'ayu@example.com',
  'admin',
  'Иван Smith',
  'می\u200cخواهم',
  '👩\u200d🚀',
  'x'.repeat(128),
])('%s is a display name', (name) => expect(refuseDisplayName(name)).toBeUndefined())
test.each(['', '  ', 'x'.repeat(129), 'a\u202eb', 'a\u2066b', 'a\u200bb', 'a\nb', 'a\ud800'])(
  '%j is no display name',
  (name) => expect(refuseDisplayName(name)).toMatch(/The name/),
)
test('the default name is a display name of the longest id, with whole characters', () => {
  expect(toDefaultName('😀'.repeat(255))).toBe('😀'.repeat(128))
})

const NOW_MS = Date.UTC(2026, 10, 1)
test.each([
  ['now', 0, undefined],
  ['ahead, within the tolerance of clocks', 10_000, undefined],
  ['further ahead', 11_000, /future/],
  ['in milliseconds', NOW_MS * 999, /future/],
  ['400 days ago', -400 * 86_400_000, undefined],
  ['older', -401 * 86_400_000, /400 days ago/],
  ['in minutes', (NOW_MS / 60_000) * 1000 - NOW_MS, /Unix seconds/],
])('an authentication %s', (_, aheadMs, reason) => {
  const refused = refuseAuthenticationTime(NOW_MS + aheadMs, NOW_MS)
  if (reason === undefined) expect(refused).toBeUndefined()
  else expect(refused).toMatch(reason)
})
