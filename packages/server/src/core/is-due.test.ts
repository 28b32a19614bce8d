import { expect, test } from 'vitest'
import { isDue } from './is-due.ts'

const NOW_SECONDS = 1_800_000_000

test.each([
  [301, 9999, false],
  [300, 9999, true],
  [1, 9999, true],
  [0, 9999, true],
  [-5, 9999, true],
  // at the end of the session a new token would end at the same time
  [300, 300, false],
  [-5, -5, false],
])('with %i s left in a session with %i s left a token is due: %s', (left, sessionLeft, due) => {
  const claims = { exp: NOW_SECONDS + left, session_exp: NOW_SECONDS + sessionLeft }
  expect(isDue(claims, { nowMs: NOW_SECONDS * 1000, thresholdSeconds: 300 })).toBe(due)
})
