import type { PeekResult } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import type { AccessTokenCheck } from '../../ports/access-tokens.ts'
import { aSession, aTokenStore, context, NOW_MS } from '../../testing/fakes.ts'
import { createChooseRefreshToken } from './choose-refresh-token.ts'

const OWN = '0199e000-0000-7000-8000-0000000000f1'
const FOREIGN = '0199e000-0000-7000-8000-0000000000f2'
const own = (outcome: 'rotated' | 'replayed' | 'regressed', ageMs = 60_000): PeekResult => ({
  outcome,
  session: aSession({ id: OWN, authenticatedAtMs: NOW_MS - ageMs }),
})
const foreign = (ageMs = 1000): PeekResult => ({
  outcome: 'rotated',
  session: aSession({ id: FOREIGN, authenticatedAtMs: NOW_MS - ageMs }),
})
const invalid: PeekResult = { outcome: 'invalid', mac: false }
const reused: PeekResult = { outcome: 'reused', sessionId: OWN, userId: OWN }

/** Chooses among cookies in this order and in reverse order; the result must be the same. */
async function choose(peeks: Record<string, PeekResult>, named?: string): Promise<string> {
  const tokenStore = aTokenStore()
  tokenStore.peek.mockImplementation(async ({ token }) => peeks[token] ?? invalid)
  const check: AccessTokenCheck =
    named === undefined
      ? { outcome: 'missing' }
      : { outcome: 'expired', claims: { sid: named } as never }
  const run = createChooseRefreshToken({
    tokenStore,
    checkAccessToken: async () => check,
    accessTtlSeconds: 1800,
  })
  const both = [Object.keys(peeks), Object.keys(peeks).toReversed()].map((refreshTokens) =>
    run({ refreshTokens, accessToken: 'jwt', context }),
  )
  const [first, second] = await Promise.all(both)
  expect(second).toBe(first)
  return first ?? ''
}

test.each<[string, Record<string, PeekResult>, string | undefined]>([
  [
    'an authentic one before forged ones',
    { forged: invalid, right: own('rotated'), alsoForged: invalid },
    undefined,
  ],
  [
    'the current generation before a superseded one of the same session',
    { old: own('replayed'), right: own('rotated') },
    undefined,
  ],
  [
    'the current generation before one that would be a reuse',
    { old: reused, right: own('rotated') },
    OWN,
  ],
  [
    'the session that the access token names, before a newer one',
    { planted: foreign(), right: own('rotated') },
    OWN,
  ],
  [
    'the ended session that the access token names, so that the user never becomes another user',
    { planted: foreign(), right: { outcome: 'revoked', sessionId: OWN, reason: 'logout' } },
    OWN,
  ],
  [
    'the newest session when there is no access token',
    { old: foreign(90_000), right: own('rotated') },
    undefined,
  ],
  [
    'the newest session when the access token names another session',
    { old: foreign(90_000), right: own('rotated') },
    '0199e000-0000-7000-8000-0000000000f3',
  ],
  [
    'one that can be refreshed before an ended one',
    { ended: { outcome: 'expired', sessionId: FOREIGN }, right: own('rotated') },
    undefined,
  ],
  [
    'a rate-limited one before a forged one',
    { forged: invalid, right: { outcome: 'rate_limited', retryAfterSeconds: 1 } },
    undefined,
  ],
  [
    'one with an unknown key before a forged one',
    { forged: invalid, right: { outcome: 'unknown_kid' } },
    undefined,
  ],
])('among several refresh cookies, the server chooses %s', async (_, peeks, named) => {
  expect(await choose(peeks, named)).toBe('right')
})

test('while token-store is unavailable the choice fails with its error', async () => {
  const run = createChooseRefreshToken({
    tokenStore: aTokenStore(),
    checkAccessToken: async () => ({ outcome: 'missing' }),
    accessTtlSeconds: 1800,
  })
  await expect(run({ refreshTokens: ['a', 'b'], accessToken: undefined, context })).rejects.toThrow(
    'peek was not expected',
  )
})
