import { expect, test } from 'vitest'
import { parseImportLine } from './parse-import-line.ts'

const HASH = '$2b$12$DmKJ3rC8Qktl7VmKDjv34uuLDDmyEH4jKAA6x7sR5VFE/BxD4S9O.'
const ada = { username: 'ada' }

test('a line has a name, and may have the rest', () => {
  const whole = {
    username: 'Åda',
    role: 'editor',
    password_hash: HASH,
    external_id: 'crm|7',
    claims: { tenant: 't1' },
    active: false,
  }
  expect(parseImportLine(JSON.stringify(whole))).toEqual({
    outcome: 'parsed',
    line: {
      username: 'Åda',
      role: 'editor',
      passwordHash: HASH,
      externalId: 'crm|7',
      claims: { tenant: 't1' },
      active: false,
    },
  })
  const absent = '{"username":"ada","role":null,"password_hash":null,"claims":null,"active":null}'
  expect(parseImportLine(absent)).toEqual({ outcome: 'parsed', line: ada })
})

test.each<[string, unknown]>([
  ['is not JSON', '{"username":"ada","password_hash":"$2b$secret'],
  ['object', [ada]],
  ['object', 'null'],
  ['field other than', { ...ada, password: 'secret words' }],
  ['username must', {}],
  ['username must', { username: 7 }],
  ['1 to 128', { username: '' }],
  ['invisible', { username: 'a\u0000' }],
  ['role', { ...ada, role: 'Admin!' }],
  ['role must', { ...ada, role: 1 }],
  ['external_id must', { ...ada, external_id: 1 }],
  ['external id', { ...ada, external_id: '' }],
  ['claims must', { ...ada, claims: 'x' }],
  ['reserved', { ...ada, claims: { sub: 'x' } }],
  ['active must', { ...ada, active: 'yes' }],
  ['password_hash must', { ...ada, password_hash: {} }],
  ['cannot be verified', { ...ada, password_hash: 'secret words' }],
  ['cannot be verified', { ...ada, password_hash: `pbkdf2_sha256$1000$\u0000$${'A'.repeat(44)}` }],
  ['more than a second', { ...ada, password_hash: HASH.replace('$12$', '$20$') }],
])('a line is refused with its reason, without its values: %s', (reason, line) => {
  const parsed = parseImportLine(typeof line === 'string' ? line : JSON.stringify(line))
  expect(parsed).toEqual({ outcome: 'refused', reason: expect.stringContaining(reason) as string })
  expect(JSON.stringify(parsed)).not.toMatch(/secret|DmKJ/)
})
