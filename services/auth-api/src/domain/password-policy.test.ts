import { expect, test } from 'vitest'
import { refusePassword } from './password-policy.ts'

test.each([
  'correct horse battery',
  'violet anchor 17 kettle',
  'plum-granite-otter',
  '🦊🌊🪵🧲🪐🫖🦑🪁🧶🪓🛶🪕🦔🥁🧵',
  'xV9#kq2!Lm7$wZ4',
  'sepeda hijau melompat',
  `${'ö7k-'.repeat(8)}wq81znvxlbdoirt`,
])('a password of 15 to 256 characters is accepted: %s', (password) => {
  expect(refusePassword(password, 'ada')).toBeUndefined()
})

test.each([
  '',
  'fourteen chars',
  'x'.repeat(257),
  '😀'.repeat(14),
  'a lone sur\uDC00rogate',
  'with a line break\n',
])('a password of another length or form is refused (%#)', (password) => {
  expect(refusePassword(password, 'ada')).toMatch(/^The password (must have|is not|has)/)
})

test.each([
  'passwordpassword',
  'Password12345678',
  'p@ssw0rdP@ssw0rd!',
  'aaaaaaaaaaaaaaaa',
  'abababababababab',
  '123456789012345',
  'abcdefghijklmno',
  'ponmlkjihgfedcba',
  'qwertyuiopasdfgh',
  '1q2w3e4r5t6y7u8i',
  'iloveyou iloveyou',
  'letmein-letmein-1',
  'Summer2024Summer!',
  'admin_admin_admin',
  'adminadministrator',
  'correct-horse-battery-staple',
  'rahasia rahasia 1',
  'welcome to london',
  'lovelace lovelace',
  'Lovelace1234567',
  'countess lovelace 1',
])('a password that guessers try first is refused: %s', (password) => {
  expect(refusePassword(password, 'countess.lovelace')).toBe(
    'The password is easy to guess: choose words that are not common and not part of the name',
  )
})
