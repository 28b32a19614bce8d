import { CodedError, type InspectResult } from '@auto-refresh/contracts'
import { describe, expect, test, vi } from 'vitest'
import type { PasswordChange } from '../../ports/password-changes.ts'
import type { Passwords } from '../../ports/passwords.ts'
import type { LoginRecord } from '../../ports/login-records.ts'
import type { LoginThrottle } from '../../ports/sign-in-limits.ts'
import type { User, Users } from '../../ports/users.ts'
import {
  aLog,
  aSession,
  aTokenStore,
  aUser,
  context,
  fakeMetrics,
  SESSION_ID,
  USER_ID,
} from '../../testing/fakes.ts'
import { createChangePassword } from './change-password.ts'
import { createRecordPasswordChange } from './record-password-change.ts'

const NEW = 'another horse battery'
const request = {
  userId: USER_ID,
  sessionId: SESSION_ID,
  currentPassword: 'right',
  newPassword: NEW,
  context,
}

function setUp({ user = aUser() }: { user?: User | undefined } = {}) {
  const order: string[] = []
  const users = {
    findByIds: vi.fn<Users['findByIds']>(async () => [user]),
    revoke: vi.fn<Users['revoke']>(async (id) => {
      order.push('revoke')
      return { id: 'r', userId: id, version: 2, reason: 'password_changed' }
    }),
  }
  const passwords = {
    hash: vi.fn<Passwords['hash']>(async () => 'new hash'),
    verify: vi.fn<Passwords['verify']>(async (password, hash) => ({
      matches: hash !== undefined && password === 'right',
      outdated: false,
    })),
  }
  const end = vi.fn<(outcome: 'right' | 'wrong') => Promise<void>>(async () => {})
  const throttle = { take: vi.fn<LoginThrottle['take']>(async () => ({ allowed: true, end })) }
  const tokenStore = aTokenStore()
  tokenStore.inspect.mockImplementation(async () => ({
    outcome: 'found',
    active: true,
    session: aSession(),
  }))
  const deliverRevocations = vi.fn<(scope?: { userId: string }) => Promise<void>>(async () => {
    order.push('deliver')
  })
  const records: LoginRecord[] = []
  const changes: PasswordChange[] = []
  const metrics = fakeMetrics()
  const log = aLog()
  const hashUsername = (key: string) => `hash of ${key}`
  const events = { passwordChanged: (change: PasswordChange) => void changes.push(change) }
  const changePassword = createChangePassword({
    users,
    passwords,
    throttle,
    tokenStore,
    deliverRevocations,
    recordLogin: async (login) => void records.push(login),
    recordPasswordChange: createRecordPasswordChange({
      deliverRevocations,
      events,
      hashUsername,
      log,
    }),
    hashUsername,
    startDeadline: () => new AbortController().signal,
    metrics,
    log,
  })
  const all = { users, passwords, throttle, tokenStore, deliverRevocations, metrics, log }
  return { ...all, changePassword, end, records, changes, order }
}

test('a right current password stores the new one and keeps this session only', async () => {
  const { changePassword, users, changes, metrics, end, order } = setUp()
  expect(await changePassword(request)).toEqual({ outcome: 'changed' })
  expect(users.revoke).toHaveBeenCalledWith(USER_ID, 'password_changed', {
    passwordHash: 'new hash',
    ifVersion: 1,
    keptSessionId: SESSION_ID,
  })
  expect(order).toEqual(['deliver', 'revoke', 'deliver'])
  expect(end).toHaveBeenCalledWith('right')
  expect(changes).toEqual([
    { method: 'own', userId: USER_ID, usernameHash: 'hash of ada', sessionId: SESSION_ID, context },
  ])
  expect(metrics.passwordChanged.mock.calls).toEqual([['own', 'changed']])
})

describe('a wrong current password', () => {
  test('counts as a failed sign-in of the user', async () => {
    const { changePassword, users, records, metrics, end, throttle } = setUp()
    expect(await changePassword({ ...request, currentPassword: 'wrong' })).toEqual({
      outcome: 'wrong_password',
    })
    expect(throttle.take).toHaveBeenCalledWith(
      { usernameKey: 'ada', block: context.block },
      expect.anything(),
    )
    expect(end).toHaveBeenCalledWith('wrong')
    expect(records).toEqual([
      {
        method: 'password',
        outcome: 'invalid_credentials',
        usernameHash: 'hash of ada',
        userId: USER_ID,
        context,
      },
    ])
    expect(users.revoke).not.toHaveBeenCalled()
    expect(metrics.passwordChanged.mock.calls).toEqual([['own', 'wrong_password']])
  })

  test('is limited before any hashing', async () => {
    const { changePassword, throttle, passwords, records } = setUp()
    throttle.take.mockResolvedValue({
      allowed: false,
      limiter: 'login',
      retryAfterSeconds: 10,
      isFirst: true,
    })
    expect(await changePassword(request)).toEqual({
      outcome: 'rate_limited',
      retryAfterSeconds: 10,
    })
    expect(passwords.verify).not.toHaveBeenCalled()
    expect(records).toEqual([expect.objectContaining({ outcome: 'rate_limited' })])
  })

  test('of a user without a password does not count against a local user of the same name', async () => {
    const { passwordHash: _, ...external } = aUser()
    const { changePassword, throttle } = setUp({ user: external })
    expect((await changePassword(request)).outcome).toBe('wrong_password')
    expect(throttle.take.mock.calls[0]?.[0].usernameKey).not.toBe('ada')
  })
})

test.each([
  ['short', 'too short'],
  [NEW, 'the current one'],
])('the new password %s is refused and takes no attempt: it is %s', async (newPassword) => {
  const { changePassword, throttle } = setUp()
  expect(await changePassword({ ...request, currentPassword: NEW, newPassword })).toEqual({
    outcome: 'refused',
    reason: expect.any(String) as string,
  })
  expect(throttle.take).not.toHaveBeenCalled()
})

const ended: [string, InspectResult][] = [
  ['has ended', { outcome: 'found', active: false, session: aSession() }],
  [
    'is of an older version of the user',
    { outcome: 'found', active: true, session: aSession({ userVersion: 0 }) },
  ],
  ['has been deleted', { outcome: 'not_found' }],
]
test.each(ended)('a session that %s changes nothing', async (_, inspected) => {
  const { changePassword, tokenStore, users } = setUp()
  tokenStore.inspect.mockResolvedValue(inspected)
  expect(await changePassword(request)).toEqual({ outcome: 'revoked' })
  expect(users.revoke).not.toHaveBeenCalled()
})

test('a second click during the change is a 503, so that no client logs the user out', async () => {
  const { changePassword, tokenStore, users, end } = setUp()
  tokenStore.inspect.mockResolvedValue({
    outcome: 'found',
    active: true,
    session: aSession({ userVersion: 2 }),
  })
  await expect(changePassword(request)).rejects.toMatchObject({ code: 'unavailable' })
  expect(users.revoke).not.toHaveBeenCalled()
  expect(end).toHaveBeenCalledWith('right')
})

describe('a retry after the change', () => {
  const stored = { passwordHash: 'new hash', version: 2, keptSessionId: SESSION_ID }
  const setUpRetry = (user: Partial<User> = {}) => {
    const all = setUp({ user: aUser({ ...stored, ...user }) })
    all.passwords.verify.mockImplementation(async (password, hash) => ({
      matches: hash === 'new hash' && password === NEW,
      outdated: false,
    }))
    return all
  }

  test('succeeds, delivers the revocations and counts no attempt', async () => {
    const { changePassword, users, records, order, changes, end } = setUpRetry()
    expect(await changePassword(request)).toEqual({ outcome: 'changed' })
    expect(order).toEqual(['deliver'])
    expect(users.revoke).not.toHaveBeenCalled()
    expect(changes).toHaveLength(1)
    expect(records).toEqual([])
    expect(end.mock.calls).toEqual([['right']])
  })

  test.each<[string, Partial<User>, string]>([
    ['of another session', { keptSessionId: USER_ID }, NEW],
    ['with another new password', {}, 'a third horse battery'],
  ])('%s is a wrong current password', async (_, user, newPassword) => {
    const { changePassword, end, order } = setUpRetry(user)
    expect(await changePassword({ ...request, newPassword })).toEqual({ outcome: 'wrong_password' })
    expect(end.mock.calls).toEqual([['wrong']])
    expect(order).toEqual([])
  })
})

test('all hashing goes before sign-ins, so that a flood of them does not refuse a live session', async () => {
  const { changePassword, passwords } = setUp()
  await changePassword(request)
  const turn = expect.objectContaining({ first: true }) as object
  expect(passwords.verify).toHaveBeenCalledWith('right', 'hash', turn)
  expect(passwords.hash).toHaveBeenCalledWith(NEW, turn)
})

test('a disabled user changes nothing', async () => {
  const { changePassword, throttle } = setUp({ user: aUser({ active: false }) })
  expect(await changePassword(request)).toEqual({ outcome: 'revoked' })
  expect(throttle.take).not.toHaveBeenCalled()
})

test('a revocation in between wins: the change is a 503, and the retry decides again', async () => {
  const { changePassword, users, metrics, end, changes } = setUp()
  users.revoke.mockResolvedValue(undefined)
  await expect(changePassword(request)).rejects.toMatchObject({ code: 'unavailable' })
  expect(end).toHaveBeenCalledWith('right')
  expect(changes).toEqual([])
  expect(metrics.passwordChanged.mock.calls).toEqual([['own', 'unavailable']])
})

test('a change that is committed succeeds, even if token-store cannot end the sessions yet', async () => {
  const { changePassword, deliverRevocations, log } = setUp()
  deliverRevocations
    .mockResolvedValueOnce(undefined)
    .mockRejectedValueOnce(new CodedError('unavailable'))
  expect(await changePassword(request)).toEqual({ outcome: 'changed' })
  expect(log.lines.join()).toContain('retrying in the background')
  expect(log.lines.join()).not.toContain(NEW)
})

test('earlier revocations that cannot be carried out leave the password unchanged', async () => {
  const { changePassword, deliverRevocations, users } = setUp()
  deliverRevocations.mockRejectedValue(new CodedError('unavailable'))
  await expect(changePassword(request)).rejects.toMatchObject({ code: 'unavailable' })
  expect(users.revoke).not.toHaveBeenCalled()
})
