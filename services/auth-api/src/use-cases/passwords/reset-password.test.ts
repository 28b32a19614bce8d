import { randomBytes } from 'node:crypto'
import { CodedError } from '@auto-refresh/contracts'
import { expect, test, vi } from 'vitest'
import { createPasswordTokenCodes } from '../../adapters/crypto/create-password-token-codes.ts'
import type { PasswordTokens } from '../../ports/password-tokens.ts'
import type { Passwords } from '../../ports/passwords.ts'
import type { AttemptLimit } from '../../ports/sign-in-limits.ts'
import type { Users } from '../../ports/users.ts'
import { aLog, aUser, context, fakeMetrics, NOW_MS, USER_ID } from '../../testing/fakes.ts'
import { createCreatePasswordToken } from './create-password-token.ts'
import { createResetPassword } from './reset-password.ts'

const NEW = 'another horse battery'
const actor = { kind: 'key', name: 'shop' } as const

function setUp() {
  const stored = new Map<string, string>()
  const passwordTokens = {
    create: vi.fn<PasswordTokens['create']>(async ({ userId, tokenHash }) => {
      stored.set(tokenHash.toString('hex'), userId)
      return { expiresAtMs: NOW_MS }
    }),
    find: vi.fn<PasswordTokens['find']>(async (hash) =>
      stored.has(hash.toString('hex')) ? { id: USER_ID, username: 'Ada' } : undefined,
    ),
    use: vi.fn<PasswordTokens['use']>(async ({ tokenHash }) =>
      stored.delete(tokenHash.toString('hex'))
        ? { id: 'r', userId: USER_ID, version: 2, reason: 'password_changed' }
        : undefined,
    ),
  }
  const passwords = { hash: vi.fn<Passwords['hash']>(async () => 'new hash') }
  const limit = {
    take: vi.fn<AttemptLimit['take']>(async () => ({ allowed: true })),
  }
  const users = { findByIds: vi.fn<Users['findByIds']>(async () => [aUser()]) }
  const recordPasswordChange = vi.fn<(change: object) => Promise<void>>(async () => {})
  const metrics = fakeMetrics()
  const log = aLog()
  const tokenCodes = createPasswordTokenCodes({ randomBytes })
  const resetPassword = createResetPassword({
    passwordTokens,
    tokenCodes,
    passwords,
    limit,
    recordPasswordChange,
    startDeadline: () => new AbortController().signal,
    metrics,
    log,
  })
  const createToken = createCreatePasswordToken({ users, passwordTokens, tokenCodes, log })
  const create = async () => {
    const created = await createToken({ userId: USER_ID, actor })
    return created.outcome === 'created' ? created.token : expect.fail(created.outcome)
  }
  const reset = (token: string, newPassword = NEW) => resetPassword({ token, newPassword, context })
  return {
    create,
    createToken,
    reset,
    users,
    stored,
    passwordTokens,
    passwords,
    limit,
    recordPasswordChange,
    metrics,
    log,
  }
}

test('a token sets the password once', async () => {
  const { create, reset, recordPasswordChange, limit, metrics } = setUp()
  const token = await create()
  expect(await reset(token)).toEqual({ outcome: 'changed' })
  expect(recordPasswordChange).toHaveBeenCalledWith({
    method: 'reset',
    user: { id: USER_ID, username: 'Ada' },
    context,
  })
  expect(limit.take).not.toHaveBeenCalled()
  expect(await reset(token)).toEqual({ outcome: 'invalid_token' })
  expect(limit.take.mock.calls).toEqual([[context.block]])
  expect(metrics.passwordChanged.mock.calls).toEqual([
    ['reset', 'changed'],
    ['reset', 'invalid_token'],
  ])
})

test('administrators create no token for themselves', async () => {
  const { createToken, passwordTokens } = setUp()
  const self = { kind: 'user', name: USER_ID } as const
  expect(await createToken({ userId: USER_ID, actor: self })).toEqual({ outcome: 'own_account' })
  expect(passwordTokens.create).not.toHaveBeenCalled()
})

test('only the hash of a token is stored, and no log line has one of them', async () => {
  const { create, reset, stored, log, passwordTokens } = setUp()
  const token = await create()
  expect(token).toMatch(/^arp_[\w-]{43}$/)
  expect(passwordTokens.create.mock.calls[0]?.[0]).toMatchObject({ ttlSeconds: 3600, actor })
  expect([...stored.keys()].join()).toMatch(/^[0-9a-f]{64}$/)
  await reset(token)
  await reset('arp_wrong')
  expect(log.lines.join()).not.toContain('arp_')
  expect(log.lines.join()).toContain('key:shop')
})

test('two concurrent uses of a token set one password', async () => {
  const { create, reset } = setUp()
  const token = await create()
  const outcomes = await Promise.all([reset(token), reset(token)])
  expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['changed', 'invalid_token'])
})

test('a password that the policy refuses does not use up the token, nor an attempt', async () => {
  const { create, reset, limit } = setUp()
  const token = await create()
  expect(await reset(token, 'short')).toMatchObject({ outcome: 'refused' })
  expect(limit.take).not.toHaveBeenCalled()
  expect(await reset(token)).toEqual({ outcome: 'changed' })
})

test('an internal error does not use up the token, nor an attempt', async () => {
  const { create, reset, limit, passwords, metrics } = setUp()
  const token = await create()
  passwords.hash.mockRejectedValueOnce(new CodedError('unavailable'))
  await expect(reset(token)).rejects.toMatchObject({ code: 'unavailable' })
  expect(limit.take).not.toHaveBeenCalled()
  expect(metrics.passwordChanged).toHaveBeenCalledWith('reset', 'unavailable')
  expect(await reset(token)).toEqual({ outcome: 'changed' })
})

test('an address with too many wrong tokens waits, but not the users of right ones', async () => {
  const { create, reset, limit, metrics } = setUp()
  limit.take.mockResolvedValue({ allowed: false, retryAfterSeconds: 9 })
  expect(await reset('arp_x')).toEqual({ outcome: 'rate_limited', retryAfterSeconds: 9 })
  expect(limit.take).toHaveBeenCalledWith(context.block)
  expect(metrics.rateLimited).toHaveBeenCalledWith('password_reset')
  expect(await reset(await create())).toEqual({ outcome: 'changed' })
})

test('no token is created for an unknown or disabled user, or for a senseless time', async () => {
  const { createToken, users } = setUp()
  users.findByIds.mockResolvedValueOnce([])
  expect(await createToken({ userId: USER_ID, actor })).toEqual({ outcome: 'not_found' })
  users.findByIds.mockResolvedValueOnce([aUser({ active: false })])
  expect(await createToken({ userId: USER_ID, actor })).toMatchObject({ outcome: 'refused' })
  for (const ttlSeconds of [0, 59, 604_801, Number.NaN])
    expect(await createToken({ userId: USER_ID, actor, ttlSeconds })).toMatchObject({
      outcome: 'refused',
    })
})
