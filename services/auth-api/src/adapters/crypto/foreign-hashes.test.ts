import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { parseForeignHash, toStoredHash } from '../../domain/parse-foreign-hash.ts'
import foreignHashes from '../../testing/foreign-hashes.json' with { type: 'json' }
import { createArgon2Passwords } from './create-argon2-passwords.ts'

const cost = { memoryKib: 64, passes: 1, parallelism: 1 }
const passwords = createArgon2Passwords({ randomBytes, cost })

test.each(foreignHashes)(
  'verifies the hash that $library made of a password $kind, and no other password',
  async ({ password, hash, kind }) => {
    const stored = toStoredHash(hash)
    const isCut = kind === 'of 81 bytes' && /^(bcrypt\$)?\$2/.test(stored)
    expect(await passwords.verify(password, stored)).toEqual({ matches: true, outdated: !isCut })
    const other = { matches: false, outdated: false }
    expect(await passwords.verify(`x${password.slice(1)}`, stored)).toEqual(other)
    expect(await passwords.verify(password.slice(0, 10), stored)).toEqual(other)
  },
)

test('a password longer than bcrypt reads keeps its hash, because the rest is not proven', async () => {
  const { hash, password } =
    foreignHashes.find(({ library, kind }) => library === 'bcrypt' && kind === 'of 81 bytes') ??
    expect.fail('no such hash')
  expect(await passwords.verify(`${password} mistyped`, hash)).toEqual({
    matches: true,
    outdated: false,
  })
})

test('a hash of another installation of this product is of the NFKC form', async () => {
  const stored = toStoredHash(await passwords.hash('\u212Bngstrom letters'))
  expect(await passwords.verify('A\u030Angstrom letters', stored)).toEqual({
    matches: true,
    outdated: true,
  })
})

test('only an argon2 hash is derived from a second form of the password', async () => {
  const composed = '\u00C5ngstrom letters'
  const made = pbkdf2Sync(composed, 'salt', 1000, 32, 'sha256').toString('base64')
  const stored = `pbkdf2_sha256$1000$salt$${made}`
  expect(await passwords.verify(composed, stored)).toMatchObject({ matches: true })
  expect(await passwords.verify('A\u030Angstrom letters', stored)).toMatchObject({ matches: false })
})

const salt = 'c2FsdHNhbHRzYWx0c2FsdA'
const tag = 'c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0c2FsdHNhbHQ'
const BCRYPT_END = 'DmKJ3rC8Qktl7VmKDjv34uuLDDmyEH4jKAA6x7sR5VFE/BxD4S9O.'

const UNKNOWN = [
  '',
  'password',
  '$2b$10$abc',
  `$2x$10$${BCRYPT_END}`,
  `$2b$03$${BCRYPT_END}`,
  `$2b$32$${BCRYPT_END}`,
  `$argon2d$v=19$m=64,t=1,p=1$${salt}$${tag}`,
  `$argon2i$v=16$m=64,t=1,p=1$${salt}$${tag}`,
  `$argon2id$v=19$m=7,t=1,p=1$${salt}$${tag}`,
  `$argon2id$v=19$m=64,t=0,p=1$${salt}$${tag}`,
  `$argon2id$v=19$m=64,t=1,p=1$c2FsdA$${tag}`,
  `$argon2id$v=19$m=64,t=1,p=1$${salt}$c2FsdA`,
  `$pbkdf2-md5$1000$${salt}$${tag}`,
  `$pbkdf2-sha256$0$${salt}$${tag}`,
  `$pbkdf2-sha256$1000$${salt}$`,
  `pbkdf2_sha256$1000$$${tag}`,
  `$scrypt$ln=0,r=8,p=1$${salt}$${tag}`,
  `$scrypt$ln=16,r=1,p=1$${salt}$${tag}`,
  `scrypt$1000$salt$8$1$${tag}`,
  `sha1$salt$${tag}`,
  `\n$2b$10$${BCRYPT_END}`,
]
const TOO_COSTLY = [
  `$2b$15$${BCRYPT_END}`,
  `$2b$31$${BCRYPT_END}`,
  `$argon2id$v=19$m=4194304,t=1,p=1$${salt}$${tag}`,
  `$argon2id$v=19$m=262144,t=1,p=1$${salt}$${tag}`,
  `$argon2i$v=19$m=131072,t=9,p=1$${salt}$${tag}`,
  `$argon2id$v=19$m=8,t=4294967295,p=1$${salt}$${tag}`,
  `$argon2id$v=19$m=1024,t=1,p=17$${salt}$${tag}`,
  `$pbkdf2-sha512$2000001$${salt}$${tag}`,
  `pbkdf2_sha256$9999999999$salt$${tag}`,
  `$pbkdf2-sha512$1000001$${salt}$${'A'.repeat(87)}`,
  `$pbkdf2-sha256$2500001$${salt}$${'A'.repeat(44)}`,
  `$scrypt$ln=18,r=8,p=1$${salt}$${tag}`,
  `$scrypt$ln=99,r=99,p=1$${salt}$${tag}`,
  `$scrypt$ln=10,r=8,p=9999999999$${salt}$${tag}`,
  `scrypt$1073741824$salt$8$1$${tag}`,
]

test.each(UNKNOWN)('%s is no hash that a password can match', async (hash) => {
  expect(parseForeignHash(hash)).toEqual({ outcome: 'unknown' })
})

test.each(TOO_COSTLY)('%s is too costly to verify', (hash) => {
  expect(parseForeignHash(hash)).toEqual({ outcome: 'too_costly' })
})

test('a hash that cannot be verified matches nothing, costs a dummy and is reported', async () => {
  for (const hash of [...UNKNOWN, ...TOO_COSTLY]) {
    for (const stored of [hash, toStoredHash(hash)]) {
      expect(await passwords.verify('password', stored)).toEqual({
        matches: false,
        outdated: false,
        unreadable: true,
      })
    }
  }
})

test.each([
  ['passlib', `$scrypt$ln=17,r=8,p=2$${salt}$${tag}`],
  ['Django 5.2', `scrypt$16384$salt$8$5$${tag}`],
  ['Django 5.2', `pbkdf2_sha256$1000000$salt$${tag}`],
  ['Django 5.2', `argon2$argon2id$v=19$m=102400,t=2,p=8$${salt}$${tag}`],
  ['passlib', `$pbkdf2-sha512$25000$${salt}$${tag}`],
  ['argon2-cffi', `$argon2id$v=19$m=65536,t=3,p=4$${salt}$${tag}`],
  ['OWASP', `$2y$14$${BCRYPT_END}`],
])('the costs that %s recommends are accepted: %s', (_, hash) => {
  expect(parseForeignHash(hash)).toMatchObject({ outcome: 'parsed' })
})

test('an unknown name does the work of the hash that its dummy imitates, and matches nothing', async () => {
  const { hash, password } = foreignHashes[0] ?? expect.fail('no hash')
  const asked: string[] = []
  const imitating = createArgon2Passwords({
    randomBytes,
    cost,
    pickDummy: (dummyFor) => {
      asked.push(dummyFor)
      return hash
    },
  })
  expect(await imitating.verify(password, undefined, { dummyFor: 'ada' })).toEqual({
    matches: false,
    outdated: false,
  })
  expect(asked).toEqual(['ada'])
})
