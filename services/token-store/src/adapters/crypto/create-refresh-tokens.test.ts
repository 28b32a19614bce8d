import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createRefreshTokens } from './create-refresh-tokens.ts'

const keys = [
  { kid: 7, key: randomBytes(32) },
  { kid: 8, key: randomBytes(32) },
]
const tokens = createRefreshTokens({ keys, retiredKids: [9] })
const made = tokens.newSession(Date.now())
const token = tokens.mint({ ...made, generation: 41, kid: 7 })

/** The same bytes with a valid checksum, so that only the MAC can reject them. */
function withChecksum(body: string): string {
  let rest = crc32(`art_${body}`)
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  let checksum = ''
  for (let i = 0; i < 6; i += 1, rest = Math.floor(rest / 62))
    checksum = digits.charAt(rest % 62) + checksum
  return `art_${body}${checksum}`
}
const bytesOf = (text: string) => Buffer.from(text.slice(4, 100), 'base64url')
const ofBytes = (bytes: Buffer) => withChecksum(bytes.toString('base64url'))

test('a minted token is decoded to its fields, and the same fields give the same token', () => {
  expect(tokens.decode(token)).toEqual({
    outcome: 'authentic',
    decoded: {
      sessionId: made.sessionId,
      generation: 41,
      nonce: made.nonce,
      nonceHash: made.nonceHash,
    },
  })
  expect(tokens.mint({ ...made, generation: 41, kid: 7 })).toBe(token)
  expect(ofBytes(bytesOf(token))).toBe(token)
  expect(token).toMatch(/^art_[A-Za-z0-9_-]{96}[0-9A-Za-z]{6}$/)
})

test('a token with any single bit changed is rejected, also with a valid checksum', () => {
  const bytes = bytesOf(token)
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    // A changed version or kid may come from a newer release, so it is not called invalid.
    expect(['invalid', 'unknown_kid']).toContain(tokens.decode(ofBytes(changed)).outcome)
    if (bit >> 3 > 1) expect(tokens.decode(ofBytes(changed)).outcome).toBe('invalid')
  }
})

test('a token with any character changed is rejected by its checksum', () => {
  for (let i = 0; i < token.length; i += 1) {
    const other = token.charAt(i) === 'A' ? 'B' : 'A'
    expect(tokens.decode(token.slice(0, i) + other + token.slice(i + 1)).outcome).toBe('invalid')
  }
})

test('a truncated, extended or padded token, or one in another alphabet, is rejected', () => {
  for (let length = 0; length < token.length; length += 1)
    expect(tokens.decode(token.slice(0, length)).outcome).toBe('invalid')
  const body = token.slice(4, 100)
  for (const hostile of [
    `${token}A`,
    `${token}=`,
    ` ${token}`,
    `${token}\n`,
    `${token}\0`,
    token.toUpperCase(),
    token.replace('art_', 'ART_'),
    token.slice(4),
    withChecksum(`${body.slice(0, 95)}=`),
    withChecksum(`${body.slice(0, 94)}==`),
    withChecksum(`+${body.slice(1)}`),
    withChecksum(`/${body.slice(1)}`),
    Buffer.from(token).toString('base64url'),
    'null',
    'undefined',
    '',
    'art_',
    '🦊'.repeat(53),
    'eyJhbGciOiJub25lIn0.e30.',
  ])
    expect(tokens.decode(hostile).outcome).toBe('invalid')
})

test('a token spliced from the fields of two authentic tokens is rejected', () => {
  const other = tokens.mint({ ...tokens.newSession(Date.now()), generation: 12, kid: 8 })
  const [a, b] = [bytesOf(token), bytesOf(other)]
  const fields = [
    [1, 2],
    [2, 18],
    [18, 24],
    [24, 40],
    [40, 72],
  ] as const
  for (let mask = 1; mask < 31; mask += 1) {
    const spliced = Buffer.from(a)
    fields.forEach(([from, to], i) => {
      if (mask & (1 << i)) b.copy(spliced, from, from, to)
    })
    expect(tokens.decode(ofBytes(spliced)).outcome).toBe('invalid')
  }
})

test('a token of an unknown version does not log its user out', () => {
  const newer = bytesOf(token)
  newer.writeUInt8(2, 0)
  expect(tokens.decode(ofBytes(newer)).outcome).toBe('unknown_kid')
})

describe('keys', () => {
  test('a token of a missing key is retryable, one of a retired key is invalid', () => {
    const elsewhere = createRefreshTokens({
      keys: [
        { kid: 9, key: randomBytes(32) },
        { kid: 10, key: randomBytes(32) },
      ],
      retiredKids: [],
    })
    expect(tokens.decode(elsewhere.mint({ ...made, generation: 0, kid: 9 })).outcome).toBe(
      'invalid',
    )
    expect(tokens.decode(elsewhere.mint({ ...made, generation: 0, kid: 10 })).outcome).toBe(
      'unknown_kid',
    )
  })

  test('a token with a known kid and a wrong key is rejected', () => {
    const forger = createRefreshTokens({
      keys: [{ kid: 7, key: randomBytes(32) }],
      retiredKids: [],
    })
    expect(tokens.decode(forger.mint({ ...made, generation: 41, kid: 7 })).outcome).toBe('invalid')
  })

  test('tokens of both keys are accepted during a key rotation', () => {
    const second = tokens.mint({ ...made, generation: 1, kid: 8 })
    const swapped = createRefreshTokens({ keys: keys.toReversed(), retiredKids: [] })
    expect(tokens.decode(second).outcome).toBe('authentic')
    expect(swapped.decode(token).outcome).toBe('authentic')
    expect(swapped.currentKid).toBe(8)
  })
})

test('session ids contain their creation time and never repeat', () => {
  const atMs = Date.UTC(2026, 10, 23)
  const ids = Array.from({ length: 1000 }, () => tokens.newSession(atMs).sessionId)
  expect(new Set(ids).size).toBe(1000)
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(atMs)
  }
})
