import { CodedError, type PeekResult } from '@auto-refresh/contracts'
import { expect, test, vi } from 'vitest'
import type { UserState } from '../../ports/known-users.ts'
import {
  aLog,
  aRecorder,
  aSession,
  aTokenStore,
  aUser,
  context,
  SESSION_ID,
  unlimited,
  USER_ID,
} from '../../testing/fakes.ts'
import { createPeekRefresh } from './peek-refresh.ts'
import { createRefuseRefresh } from './refuse-refresh.ts'
import type { TellRefusal } from './tell-refusal.ts'

function setUp(peeked: PeekResult, user: UserState = aUser()) {
  const tokenStore = aTokenStore()
  tokenStore.peek.mockResolvedValue(peeked)
  const recorder = aRecorder()
  const refuseRefresh = createRefuseRefresh(unlimited)
  const tellRefusal = vi.fn<TellRefusal>()
  const peek = createPeekRefresh({
    tokenStore,
    knownUsers: { find: async () => user },
    refuseRefresh,
    tellRefusal,
    recorder,
    log: aLog(),
    accessTtlSeconds: 1800,
  })
  return { peek: () => peek({ refreshToken: 'art_x', context }), recorder, tellRefusal }
}
const session = aSession()

test.each<[PeekResult, string, string[]]>([
  [{ outcome: 'rotated', session }, 'would_renew', []],
  [{ outcome: 'replayed', session }, 'would_renew', []],
  [{ outcome: 'regressed', session }, 'would_renew', []],
  // carried out by the middleware, and counted there
  [{ outcome: 'reused', sessionId: SESSION_ID, userId: USER_ID }, 'reused', []],
  [{ outcome: 'revoked', sessionId: SESSION_ID, reason: 'reuse' }, 'revoked', ['revoked']],
  [{ outcome: 'expired' }, 'expired', ['expired']],
  [{ outcome: 'invalid', mac: false }, 'invalid', ['invalid']],
  [{ outcome: 'unknown_session' }, 'unavailable', ['unknown_session']],
])('%o is foreseen as %s, counted once and told once', async (peeked, outcome, counted) => {
  const { peek, recorder, tellRefusal } = setUp(peeked)
  expect((await peek()).outcome).toBe(outcome)
  expect(recorder.refreshed.mock.calls).toEqual(counted.map((name) => ['middleware', name]))
  expect(tellRefusal.mock.calls.map(([name]) => name)).toEqual(counted)
})

test('whoever would be renewed is told with the name and role of now', async () => {
  const { peek } = setUp({ outcome: 'rotated', session }, aUser({ role: 'admin' }))
  expect(await peek()).toEqual({ outcome: 'would_renew', user: { username: 'Ada', role: 'admin' } })
})

test.each([
  [aUser({ active: false }), 'user_inactive'],
  [aUser({ version: 2 }), 'revoked'],
])('a user who no longer stands is refused before the handler runs (%#)', async (user, outcome) => {
  expect(await setUp({ outcome: 'rotated', session }, user).peek()).toEqual({ outcome })
})

test('a store that is away is thrown on', async () => {
  const tokenStore = aTokenStore()
  tokenStore.peek.mockRejectedValue(new CodedError('unavailable'))
  const deps = {
    tellRefusal: () => {},
    tokenStore,
    knownUsers: { find: async () => aUser() },
    recorder: aRecorder(),
    log: aLog(),
    accessTtlSeconds: 1800,
  }
  const peek = createPeekRefresh({ ...deps, refuseRefresh: createRefuseRefresh(unlimited) })
  await expect(peek({ refreshToken: 'art_x', context })).rejects.toMatchObject({
    code: 'unavailable',
  })
})
