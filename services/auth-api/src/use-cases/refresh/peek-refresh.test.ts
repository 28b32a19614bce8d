import { CodedError, type PeekResult } from '@auto-refresh/contracts'
import { expect, test, vi } from 'vitest'
import type { UserState } from '../../ports/known-users.ts'
import {
  aLog,
  fakeMetrics,
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
import type { PublishRefusal } from './publish-refusal.ts'
import { createReportRefresh } from './report-refresh.ts'

function setUp(peeked: PeekResult, user: UserState = aUser()) {
  const tokenStore = aTokenStore()
  tokenStore.peek.mockResolvedValue(peeked)
  const metrics = fakeMetrics()
  const refuseRefresh = createRefuseRefresh(unlimited)
  const publishRefusal = vi.fn<PublishRefusal>()
  const peek = createPeekRefresh({
    tokenStore,
    knownUsers: { find: async () => user },
    refuseRefresh,
    reportRefresh: createReportRefresh({ metrics, publishRefusal, log: aLog() }),
    accessTtlSeconds: 1800,
  })
  return { peek: () => peek({ refreshToken: 'art_x', context }), metrics, publishRefusal }
}
const session = aSession()

test.each<[PeekResult, string, string[]]>([
  [{ outcome: 'rotated', session }, 'would_renew', []],
  [{ outcome: 'replayed', session }, 'would_renew', []],
  [{ outcome: 'regressed', session }, 'would_renew', []],
  // the middleware carries it out with `refresh`, which reports it
  [{ outcome: 'reused', sessionId: SESSION_ID, userId: USER_ID }, 'reused', []],
  [{ outcome: 'revoked', sessionId: SESSION_ID, reason: 'reuse' }, 'revoked', ['revoked']],
  [{ outcome: 'expired' }, 'expired', ['expired']],
  [{ outcome: 'invalid', mac: false }, 'invalid', ['invalid']],
  [{ outcome: 'unknown_session' }, 'unavailable', ['unknown_session']],
])('a peek of %o returns %s, and reports a refusal once', async (peeked, outcome, counted) => {
  const { peek, metrics, publishRefusal } = setUp(peeked)
  expect((await peek()).outcome).toBe(outcome)
  expect(metrics.refreshed.mock.calls).toEqual(
    counted.map((name) => ['middleware', name, undefined]),
  )
  expect(publishRefusal.mock.calls.map(([name]) => name)).toEqual(counted)
})

test('a peek of a token that can be refreshed returns the current name and role', async () => {
  const { peek } = setUp({ outcome: 'rotated', session }, aUser({ role: 'admin' }))
  expect(await peek()).toEqual({ outcome: 'would_renew', user: { username: 'Ada', role: 'admin' } })
})

test.each([
  [aUser({ active: false }), 'user_inactive'],
  [aUser({ version: 2 }), 'revoked'],
])(
  'a disabled user or a user with a newer version is refused before the handler runs (%#)',
  async (user, outcome) => {
    expect(await setUp({ outcome: 'rotated', session }, user).peek()).toEqual({ outcome })
  },
)

test('an error of token-store is thrown unchanged', async () => {
  const tokenStore = aTokenStore()
  tokenStore.peek.mockRejectedValue(new CodedError('unavailable'))
  const deps = {
    tokenStore,
    knownUsers: { find: async () => aUser() },
    reportRefresh: () => {},
    accessTtlSeconds: 1800,
  }
  const peek = createPeekRefresh({ ...deps, refuseRefresh: createRefuseRefresh(unlimited) })
  await expect(peek({ refreshToken: 'art_x', context })).rejects.toMatchObject({
    code: 'unavailable',
  })
})
