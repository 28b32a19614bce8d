import { CodedError, type PeekResult } from '@auto-refresh/contracts'
import { expect, test, vi } from 'vitest'
import {
  aSession,
  aTokenStore,
  aUser,
  context,
  NOW_MS,
  SESSION_ID,
  USER_ID,
} from '../../testing/fakes.ts'
import type { UserState } from '../../ports/known-users.ts'
import { createRefreshForProxy } from './refresh-for-proxy.ts'
import type { Refresh } from './refresh.ts'

const ACCESS_TTL_SECONDS = 1800
const pair = {
  accessToken: 'access',
  refreshToken: 'art_next',
  expiresInSeconds: ACCESS_TTL_SECONDS,
  sessionId: SESSION_ID,
  idleUntilMs: NOW_MS,
}
const identity = { sub: USER_ID, username: 'Ada', role: 'user', sid: SESSION_ID }
const session = aSession()
const request = { refreshToken: 'art_x', mayRotate: true, context }

function setUp(peeked: PeekResult = { outcome: 'rotated', session }, user?: UserState) {
  const tokenStore = aTokenStore()
  tokenStore.peek.mockResolvedValue(peeked)
  const refresh = vi.fn<Refresh>(async () => ({ outcome: 'rotated', pair }))
  const refreshForProxy = createRefreshForProxy({
    refresh,
    tokenStore,
    knownUsers: { find: async () => user ?? aUser() },
    isDue: ({ exp }) => exp * 1000 - NOW_MS <= 300_000,
    accessTtlSeconds: ACCESS_TTL_SECONDS,
  })
  return { refreshForProxy, refresh, tokenStore }
}

test('requests with one token at the same time share one refresh', async () => {
  const { refreshForProxy, refresh } = setUp()
  const results = await Promise.all(Array.from({ length: 20 }, () => refreshForProxy(request)))
  expect(new Set(results)).toEqual(new Set([{ outcome: 'rotated', pair }]))
  expect(refresh.mock.calls).toEqual([[{ refreshToken: 'art_x', context, operation: 'verify' }]])
  // Not kept: the next one asks again.
  await refreshForProxy(request)
  expect(refresh).toHaveBeenCalledTimes(2)
})

test('requests of another place, session or role do not share it', async () => {
  const { refreshForProxy, refresh } = setUp()
  await Promise.all([
    refreshForProxy(request),
    refreshForProxy({ ...request, context: { ...context, block: '198.51.100.9/32' } }),
    refreshForProxy({ ...request, context: { ...context, agent: 'another' } }),
    refreshForProxy({ ...request, expectedSessionId: SESSION_ID }),
    refreshForProxy({ ...request, role: 'user' }),
    refreshForProxy({ ...request, refreshToken: 'art_y' }),
  ])
  expect(refresh).toHaveBeenCalledTimes(6)
})

test('a failure is not shared with later requests', async () => {
  const { refreshForProxy, refresh } = setUp()
  refresh.mockRejectedValueOnce(new CodedError('unavailable'))
  const first = await Promise.allSettled([refreshForProxy(request), refreshForProxy(request)])
  expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await refreshForProxy(request)).toMatchObject({ outcome: 'rotated' })
})

test('a user with another role is refused before anything rotates', async () => {
  const { refreshForProxy, refresh } = setUp()
  expect(await refreshForProxy({ ...request, role: 'admin' })).toEqual({ outcome: 'forbidden' })
  expect(refresh).not.toHaveBeenCalled()
})

test('without a way to deliver cookies the user is identified', async () => {
  const { refreshForProxy, refresh } = setUp()
  expect(await refreshForProxy({ ...request, mayRotate: false })).toEqual({
    outcome: 'identified',
    user: identity,
  })
  expect(refresh).not.toHaveBeenCalled()
})

test.each<[string, PeekResult, UserState?]>([
  ['a reuse', { outcome: 'reused', sessionId: SESSION_ID, userId: USER_ID }],
  ['a forged token', { outcome: 'invalid', mac: false }],
  ['an inactive user', { outcome: 'rotated', session }, aUser({ active: false })],
])('%s is left to the refresh, which limits and reports it', async (_, peeked, user) => {
  const { refreshForProxy, refresh } = setUp(peeked, user)
  await refreshForProxy({ ...request, mayRotate: false, role: 'admin' })
  expect(refresh).toHaveBeenCalledOnce()
})

test.each([
  ['just rotated', { outcome: 'rotated', session }, 'identified'],
  [
    'due',
    { outcome: 'rotated', session: aSession({ rotatedAtMs: NOW_MS - 1_500_000 }) },
    'rotated',
  ],
  ['superseded by a request of the same page', { outcome: 'replayed', session }, 'rotated'],
] as const)('a user whose token may be too long for a cookie: %s', async (_, peeked, outcome) => {
  const user = aUser({ claims: { groups: 'x'.repeat(1500) } })
  expect((await setUp(peeked, user).refreshForProxy(request)).outcome).toBe(outcome)
})
