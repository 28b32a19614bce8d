import { CodedError } from '@auto-refresh/contracts'
import { describe, expect, test, vi } from 'vitest'
import type { Passwords } from '../../ports/passwords.ts'
import { aUserStore } from '../../testing/a-user-store.ts'
import { aUserRecord } from '../../testing/an-administration.ts'
import { aLog, aUser, USER_ID } from '../../testing/fakes.ts'
import { createUserAdministration } from './user-administration.ts'

const CLI = { kind: 'cli', name: 'ada' } as const
const SELF = { kind: 'user', name: USER_ID } as const
const UNKNOWN = '00000000-0000-4000-8000-000000000000'

function setUp(user = aUser()) {
  const store = aUserStore({ user })
  const log = aLog()
  const deliverRevocations = vi.fn<(scope?: { userId: string }) => Promise<void>>(
    async (scope) => void store.calls.push(`deliver ${scope?.userId}`),
  )
  const passwords: Passwords = {
    isBusy: () => false,
    hash: async (password) => `hash of ${password}`,
    verify: async (password, hash) => ({
      matches: password === 'right' && hash === 'hash',
      outdated: false,
    }),
  }
  const administration = createUserAdministration({
    users: store,
    directory: {
      find: async (id) => (id === USER_ID ? aUserRecord() : undefined),
      search: async () => ({ users: [], next: undefined }),
    },
    inTransaction: store.inTransaction,
    erasures: store.erasures,
    passwords,
    hashUsername: (key) => `hash of ${key}`,
    deliverRevocations,
    log,
  })
  return { ...store, log, deliverRevocations, administration }
}

describe('adding a user', () => {
  test('stores the normalized name and the role user, and records the act', async () => {
    const { administration, users, acts } = setUp()
    expect(
      await administration.add({ username: 'ＡＤＡ', password: 'a lengthy phrase' }, CLI),
    ).toMatchObject({ outcome: 'added', user: { username: 'ADA' } })
    expect(users.add).toHaveBeenCalledExactlyOnceWith({
      username: 'ADA',
      role: 'user',
      passwordHash: 'hash of a lengthy phrase',
      demo: false,
      externalId: undefined,
      claims: {},
      active: true,
    })
    expect(acts).toEqual([
      {
        actor: CLI,
        act: 'user_added',
        userId: USER_ID,
        details: { role: 'user', active: true, with_password: true },
      },
    ])
  })

  test('works without a password', async () => {
    const { administration, users } = setUp()
    await administration.add({ username: 'Bea', externalId: 'crm|7', claims: { t: 1 } }, CLI)
    expect(users.add.mock.calls[0]?.[0]).toMatchObject({
      passwordHash: undefined,
      externalId: 'crm|7',
      claims: { t: 1 },
    })
  })

  test('whose name is taken records nothing', async () => {
    const { administration, acts } = setUp()
    expect(await administration.add({ username: 'taken' }, CLI)).toEqual({ outcome: 'taken' })
    expect(acts).toEqual([])
  })

  test.each([
    [{ username: '' }, /name/],
    [{ username: 'ada', password: 'short' }, /password/],
    [{ username: 'ada', role: 'No Role' }, /role/],
    [{ username: 'ada', claims: { sub: 'x' } }, /reserved/],
    [{ username: 'ada', externalId: '\ud800' }, /external id/],
  ])('is refused with a sentence (%#)', async (user, reason) => {
    const { administration, users } = setUp()
    expect(await administration.add(user, CLI)).toEqual({
      outcome: 'refused',
      reason: expect.stringMatching(reason) as unknown,
    })
    expect(users.add).not.toHaveBeenCalled()
  })
})

describe('changing a user', () => {
  test('records every change with its actor, without personal data', async () => {
    const { administration, acts, stored } = setUp()
    expect(
      await administration.change(
        USER_ID,
        { username: 'Bea', role: 'auditor', claims: { tenant: 't1' } },
        CLI,
      ),
    ).toEqual({ outcome: 'done' })
    expect(stored()).toMatchObject({ username: 'Bea', role: 'auditor', claims: { tenant: 't1' } })
    expect(acts).toEqual([
      {
        actor: CLI,
        act: 'user_changed',
        userId: USER_ID,
        details: { username: 'set', role: { from: 'user', to: 'auditor' }, claims: 'set' },
      },
    ])
  })

  test('disable resolves when the sessions have ended, also when it is repeated', async () => {
    const { administration, calls, stored } = setUp()
    for (let time = 0; time < 2; time++) {
      calls.length = 0
      await administration.change(USER_ID, { active: false }, CLI)
      expect(calls).toEqual(['revoke user_disabled', 'commit', `deliver ${USER_ID}`])
    }
    expect(stored()?.active).toBe(false)
  })

  test('enable first delivers pending revocations', async () => {
    const { administration, calls } = setUp(aUser({ active: false }))
    await administration.change(USER_ID, { active: true }, CLI)
    expect(calls).toEqual([`deliver ${USER_ID}`, 'enable', 'commit'])
  })

  test('a user is not enabled while a revocation is pending, and nothing else changes', async () => {
    const { administration, users, acts, stored } = setUp(aUser({ active: false }))
    users.enable.mockResolvedValue(false)
    await expect(
      administration.change(USER_ID, { role: 'editor', active: true }, CLI),
    ).rejects.toMatchObject({ code: 'unavailable' })
    expect([stored()?.role, acts]).toEqual(['user', []])
  })

  test('to a name of another user, or of an unknown user, changes nothing', async () => {
    const { administration, acts, stored } = setUp()
    expect(
      await administration.change(USER_ID, { username: 'taken', role: 'editor' }, CLI),
    ).toEqual({ outcome: 'taken' })
    expect(await administration.change(UNKNOWN, { role: 'editor' }, CLI)).toEqual({
      outcome: 'not_found',
    })
    expect([stored()?.role, acts]).toEqual(['user', []])
  })

  test.each([
    [{ username: ' ada' }, /name/],
    [{ role: 'No Role' }, /role/],
    [{ claims: { exp: 1 } }, /reserved/],
  ])('is refused with a sentence (%#)', async (change, reason) => {
    const { administration, acts } = setUp()
    expect(await administration.change(USER_ID, change, CLI)).toEqual({
      outcome: 'refused',
      reason: expect.stringMatching(reason) as unknown,
    })
    expect(acts).toEqual([])
  })
})

test('administrators neither disable, demote nor erase themselves', async () => {
  const { administration, acts } = setUp(aUser({ role: 'admin' }))
  const own = { outcome: 'own_account' }
  expect(await administration.change(USER_ID, { active: false }, SELF)).toEqual(own)
  expect(await administration.change(USER_ID, { role: 'user' }, SELF)).toEqual(own)
  expect(await administration.change(USER_ID, { role: 'auditor' }, SELF)).toEqual(own)
  expect(await administration.erase(USER_ID, SELF)).toEqual(own)
  expect(acts).toEqual([])
  expect(await administration.change(USER_ID, { role: 'admin', claims: {} }, SELF)).toEqual({
    outcome: 'done',
  })
  expect(
    await administration.change(USER_ID, { active: false }, { kind: 'key', name: USER_ID }),
  ).toEqual({ outcome: 'done' })
})

describe('erasing a user', () => {
  test('ends the sessions, erases the records and can be repeated', async () => {
    const { administration, calls, acts, erase } = setUp()
    expect(await administration.erase(USER_ID, CLI)).toEqual({ outcome: 'done' })
    expect(calls).toEqual([
      'revoke user_disabled',
      'erase',
      'commit',
      `deliver ${USER_ID}`,
      'erase records',
    ])
    expect(erase).toHaveBeenCalledExactlyOnceWith(USER_ID, 'hash of ada')
    expect(await administration.erase(USER_ID, CLI)).toEqual({ outcome: 'done' })
    expect(acts).toEqual([{ actor: CLI, act: 'user_erased', userId: USER_ID }])
    expect(await administration.erase(UNKNOWN, CLI)).toEqual({ outcome: 'not_found' })
  })

  test('that failed half-way is completed by a repetition', async () => {
    const { administration, calls, deliverRevocations } = setUp()
    deliverRevocations.mockRejectedValueOnce(new CodedError('unavailable'))
    await expect(administration.erase(USER_ID, CLI)).rejects.toMatchObject({ code: 'unavailable' })
    calls.length = 0
    expect(await administration.erase(USER_ID, CLI)).toEqual({ outcome: 'done' })
    expect(calls).toEqual([`deliver ${USER_ID}`, 'erase records'])
  })

  test('with many records goes on until none is left', async () => {
    const { administration, erasures } = setUp()
    erasures.eraseRecords.mockImplementationOnce(async (limit) => limit)
    await administration.erase(USER_ID, CLI)
    expect(erasures.eraseRecords).toHaveBeenCalledTimes(2)
  })
})

test.each([
  ['setPassword', 'password_changed', 'password_set', { passwordHash: 'hash of a lengthy phrase' }],
  ['revokeSessions', 'admin', 'sessions_revoked', {}],
] as const)('%s resolves when the sessions have ended', async (name, reason, act, change) => {
  const { administration, users, calls, acts, log } = setUp()
  const run = (id: string) =>
    name === 'setPassword'
      ? administration.setPassword(id, 'a lengthy phrase', CLI)
      : administration.revokeSessions(id, CLI)
  expect(await run(USER_ID)).toEqual({ outcome: 'done' })
  expect(users.revoke).toHaveBeenCalledExactlyOnceWith(USER_ID, reason, change)
  expect(calls).toEqual([`revoke ${reason}`, 'commit', `deliver ${USER_ID}`])
  expect(acts).toEqual([{ actor: CLI, act, userId: USER_ID }])
  expect(await run(UNKNOWN)).toEqual({ outcome: 'not_found' })
  expect(log.lines.join()).toContain('cli:ada')
  expect(log.lines.join()).not.toContain('a lengthy phrase')
})

test('a guessable password is refused', async () => {
  const { administration, acts } = setUp()
  expect(await administration.setPassword(USER_ID, 'short', CLI)).toMatchObject({
    outcome: 'refused',
  })
  expect(acts).toEqual([])
})

test('a password can be checked, and the result has no hash', async () => {
  const { administration } = setUp()
  const user = { id: USER_ID, active: true, demo: false }
  expect(await administration.checkPassword('ADA', 'right')).toEqual({ outcome: 'right', user })
  expect(await administration.checkPassword('ada', 'other')).toEqual({ outcome: 'wrong', user })
  expect(await administration.checkPassword('bob', 'right')).toEqual({ outcome: 'not_found' })
})
