import { expect, test } from 'vitest'
import { generationsAhead, generationOf, type Session } from './session.ts'
import { refreshTokenOf } from './testing/fake-auth-server.ts'

const sessionWith = (refreshToken: string): Session => ({
  accessToken: 'a',
  refreshToken,
  receivedAt: 1,
  lifetimeMs: 1,
})

/** The same token as written with another key. */
function withKid(token: string, kid: number): string {
  const bytes = Buffer.from(token.slice(4, 100), 'base64url')
  bytes.writeUInt8(kid, 1)
  return `art_${bytes.toString('base64url')}000000`
}

test.each([0, 1, 16, 77, 255])(
  'the generation is read from a token of kid %d and comparable across kids of a session',
  (kid) => {
    const newer = sessionWith(withKid(refreshTokenOf(7, 2 ** 40 + 5), kid))
    expect(generationOf(newer)).toBe(2 ** 40 + 5)
    expect(generationsAhead(newer, sessionWith(refreshTokenOf(7, 2 ** 40)))).toBe(5)
    expect(generationsAhead(newer, sessionWith(refreshTokenOf(8, 1)))).toBeNaN()
  },
)

test.each([
  '',
  'opaque',
  'art_',
  'art_short',
  `art_${'B'.repeat(102)}`,
  `${refreshTokenOf(1, 1).slice(0, 20)}*${'A'.repeat(80)}`,
])('nothing is read from a token of another format (%s)', (token) => {
  expect(generationOf(sessionWith(token))).toBeUndefined()
  expect(generationsAhead(sessionWith(token), sessionWith(token))).toBeNaN()
})
