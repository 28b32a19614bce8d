import { expect, test } from 'vitest'
import { refusePassword } from './password-policy.ts'

test.each(['password', 'x'.repeat(256), '😀'.repeat(8), 'eight ch'])('a password of 8 to 256 characters is taken as it is (%#)', (password) => {
  expect(refusePassword(password)).toBeUndefined()
})

test.each(['', '1234567', 'x'.repeat(257), '😀'.repeat(7), 'lone sur\uDC00gate', 'line break\n'])('any other is refused (%#)', (password) => {
  expect(refusePassword(password)).toMatch(/^The password /)
})
