import { expect, test } from 'vitest'
import { isRoleStale } from './is-role-stale.ts'

const change = { role: 'user', issuedBefore: 100.25 }

test.each<[string, Parameters<typeof isRoleStale>, boolean]>([
  ['the old role, issued before the change', [{ role: 'admin', iat: 90 }, change], true],
  ['the old role, issued in the second of the change', [{ role: 'admin', iat: 100 }, change], true],
  [
    'the new role, issued before the change by a clock that is behind',
    [{ role: 'user', iat: 90 }, change],
    false,
  ],
  [
    'another role, issued after the change: it was changed again',
    [{ role: 'admin', iat: 101 }, change],
    false,
  ],
  ['any role of a user whose role was not changed', [{ role: 'admin', iat: 90 }, undefined], false],
])('role stale of a token that has %s', (_, args, stale) => {
  expect(isRoleStale(...args)).toBe(stale)
})
