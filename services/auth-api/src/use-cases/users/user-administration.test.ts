import { expect, test, vi } from 'vitest'
import type { Passwords } from '../../ports/passwords.ts'
import type { Users } from '../../ports/users.ts'
import { aLog, aUser, USER_ID } from '../../testing/fakes.ts'
import { createUserAdministration } from './user-administration.ts'

function setUp() {
  const calls: string[] = []
  const users = {
    findByName: vi.fn<Users['findByName']>(async (key) => (key === 'ada' ? aUser() : undefined)),
    findByIds: vi.fn<Users['findByIds']>(),
    list: vi.fn<Users['list']>(async () => [aUser()]),
    add: vi.fn<Users['add']>(async ({ username }) =>
      username === 'taken' ? undefined : aUser({ username }),
    ),
    upsertExternal: vi.fn<Users['upsertExternal']>(),
    setRole: vi.fn<Users['setRole']>(),
    upgradePasswordHash: vi.fn<Users['upgradePasswordHash']>(),
    revoke: vi.fn<Users['revoke']>(async (userId, reason) => {
      calls.push(`revoke ${reason}`)
      return { id: 'p', userId, version: 2, reason }
    }),
    enable: vi.fn<Users['enable']>(async () => {
      calls.push('enable')
      return true
    }),
    pendingRevocations: vi.fn<Users['pendingRevocations']>(),
    acknowledge: vi.fn<Users['acknowledge']>(),
  }
  const deliverRevocations = async (scope?: { userId: string }) =>
    void calls.push(`deliver ${scope?.userId}`)
  const log = aLog()
  const passwords: Passwords = {
    isBusy: () => false,
    hash: async (password) => `hash of ${password}`,
    verify: async (password, hash) => ({
      matches: password === 'right' && hash === 'hash',
      outdated: false,
    }),
  }
  return {
    users,
    calls,
    log,
    administration: createUserAdministration({ users, passwords, deliverRevocations, log }),
  }
}

test('a user is added with the role user and a normalized name', async () => {
  const { administration, users } = setUp()
  expect(
    await administration.add({ username: 'ＡＤＡ', password: 'a lengthy phrase' }),
  ).toMatchObject({ outcome: 'added', user: { username: 'ADA' } })
  expect(users.add).toHaveBeenCalledWith({
    username: 'ADA',
    role: 'user',
    passwordHash: 'hash of a lengthy phrase',
    demo: false,
  })
  expect(await administration.add({ username: 'taken', password: 'a lengthy phrase' })).toEqual({
    outcome: 'taken',
  })
})

test.each([
  [{ username: '', password: 'a lengthy phrase' }, /name/],
  [{ username: 'ada', password: 'short' }, /password/],
  [{ username: 'ada', password: 'a lengthy phrase', role: 'No Role' }, /role/],
])('a refusal of the policy is a sentence (%#)', async (user, reason) => {
  const { administration, users } = setUp()
  expect(await administration.add(user)).toEqual({
    outcome: 'refused',
    reason: expect.stringMatching(reason),
  })
  expect(users.add).not.toHaveBeenCalled()
})

test.each([
  ['disable', 'user_disabled', { active: false }],
  ['setPassword', 'password_changed', { passwordHash: 'hash of a lengthy phrase' }],
  ['revokeSessions', 'admin', {}],
] as const)('%s resolves when the sessions have ended', async (name, reason, change) => {
  const { administration, users, calls, log } = setUp()
  expect(await administration[name]('ADA', 'a lengthy phrase')).toEqual({ outcome: 'done' })
  expect(users.revoke).toHaveBeenCalledExactlyOnceWith(USER_ID, reason, change)
  expect(calls).toEqual([`revoke ${reason}`, `deliver ${USER_ID}`])
  expect(await administration[name]('unknown', 'a lengthy phrase')).toEqual({
    outcome: 'not_found',
  })
  expect(log.lines.join()).not.toContain('a lengthy phrase')
})

test('enable first delivers pending revocations', async () => {
  const { administration, calls } = setUp()
  expect(await administration.enable('ada')).toEqual({ outcome: 'done' })
  expect(calls).toEqual([`deliver ${USER_ID}`, 'enable'])
})

test('a user is not enabled while a revocation is pending', async () => {
  const { administration, users } = setUp()
  users.enable.mockResolvedValue(false)
  await expect(administration.enable('ada')).rejects.toMatchObject({ code: 'unavailable' })
})

test('a password can be checked, and the result has no hash', async () => {
  const { administration } = setUp()
  const user = { id: USER_ID, username: 'Ada', role: 'user', active: true, demo: false }
  expect(await administration.checkPassword('ADA', 'right')).toEqual({ outcome: 'right', user })
  expect(await administration.checkPassword('ada', 'other')).toEqual({ outcome: 'wrong', user })
  expect(await administration.checkPassword('bob', 'right')).toEqual({ outcome: 'not_found' })
})

test('the list has no hashes', async () => {
  expect(await setUp().administration.list()).toEqual([
    { id: USER_ID, username: 'Ada', role: 'user', active: true, demo: false },
  ])
})
