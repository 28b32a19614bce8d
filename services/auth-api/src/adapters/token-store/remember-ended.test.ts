import type { RotateRequest } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import { aSession, aTokenStore, context, SESSION_ID, USER_ID } from '../../testing/fakes.ts'
import { rememberEnded } from './remember-ended.ts'

const request: RotateRequest = { token: 'art_dead', context, accessTtlSeconds: 1800 }
const revoked = { outcome: 'revoked', sessionId: SESSION_ID, reason: 'logout' } as const

function setUp() {
  const inner = aTokenStore()
  const time = { nowMs: 1000 }
  return { inner, time, store: rememberEnded({ tokenStore: inner, nowMs: () => time.nowMs }) }
}

test('rotate and peek ask for a revoked token once a minute together', async () => {
  const { inner, time, store } = setUp()
  inner.rotate.mockResolvedValue(revoked)
  for (let i = 0; i < 5; i += 1)
    expect([await store.rotate(request), await store.peek(request)]).toEqual([revoked, revoked])
  expect([inner.rotate.mock.calls.length, inner.peek.mock.calls.length]).toEqual([1, 0])
  time.nowMs += 61_000
  await store.rotate(request)
  expect(inner.rotate).toHaveBeenCalledTimes(2)
})

test('with the access token of another session token-store decides', async () => {
  const { inner, store } = setUp()
  inner.rotate
    .mockResolvedValueOnce(revoked)
    .mockResolvedValue({ outcome: 'session_mismatch', sessionId: SESSION_ID })
  await store.rotate(request)
  expect(await store.rotate({ ...request, expectedSessionId: USER_ID })).toMatchObject({
    outcome: 'session_mismatch',
  })
  expect(await store.rotate({ ...request, expectedSessionId: SESSION_ID })).toEqual(revoked)
})

test.each([
  { outcome: 'expired', sessionId: SESSION_ID },
  { outcome: 'unknown_session' },
  { outcome: 'rotated', token: 'art_next', session: aSession(), intervalSeconds: 1 },
  { outcome: 'reused', sessionId: SESSION_ID, userId: USER_ID },
] as const)('no other outcome is remembered: $outcome', async (answer) => {
  const { inner, store } = setUp()
  inner.rotate.mockResolvedValue(answer)
  await store.rotate(request)
  await store.rotate(request)
  expect(inner.rotate).toHaveBeenCalledTimes(2)
})

test('a repeated logout causes no further calls', async () => {
  const { inner, store } = setUp()
  inner.inspect.mockResolvedValueOnce({ outcome: 'found', active: true, session: aSession() })
  inner.inspect.mockResolvedValue({ outcome: 'found', active: false, session: aSession() })
  inner.revokeSession.mockResolvedValue({ outcome: 'revoked' })
  const end = { sessionId: SESSION_ID, userId: USER_ID, reason: 'logout' } as const
  for (let i = 0; i < 5; i += 1) {
    await store.inspect({ token: 'art_x' })
    await store.revokeSession(end)
  }
  expect([inner.inspect.mock.calls.length, inner.revokeSession.mock.calls.length]).toEqual([2, 1])
  await store.revokeSession({ ...end, userId: 'another user' })
  expect(inner.revokeSession).toHaveBeenCalledTimes(2)
})

test('an expired session is not remembered', async () => {
  const { inner, store } = setUp()
  inner.inspect.mockResolvedValue({ outcome: 'found', active: false, session: aSession() })
  for (let i = 0; i < 3; i += 1) await store.inspect({ sessionId: SESSION_ID })
  expect(inner.inspect).toHaveBeenCalledTimes(3)
})
