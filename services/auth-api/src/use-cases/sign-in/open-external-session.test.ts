import { CodedError } from '@auto-refresh/contracts'
import { expect, test, vi } from 'vitest'
import type { LoginRecord } from '../../ports/login-records.ts'
import type { SignInLimit } from '../../ports/sign-in-limits.ts'
import type { ExternalUser, User, Users } from '../../ports/users.ts'
import {
  aLog,
  aSession,
  aTokenStore,
  aUser,
  clock,
  context,
  fakeMetrics,
  NOW_MS,
  SESSION_ID,
  USER_ID,
} from '../../testing/fakes.ts'
import { createOpenExternalSession } from './open-external-session.ts'
import { createOpenSession } from './open-session.ts'
import { createRecordLogin } from './record-login.ts'

const AYU: ExternalUser = { externalId: 'users/1084', username: 'admin', role: 'editor' }

function setUp({ user = aUser({ externalId: AYU.externalId }) }: { user?: User } = {}) {
  const tokenStore = aTokenStore()
  const session = aSession({ generation: 0 })
  tokenStore.issue.mockResolvedValue({ outcome: 'issued', token: 'art_first', session })
  const upsertExternal = vi.fn<Users['upsertExternal']>(async () => ({ outcome: 'stored', user }))
  const signInLimit = {
    take: vi.fn<SignInLimit['take']>(async () => ({ allowed: true })),
    refund: vi.fn<SignInLimit['refund']>(async () => {}),
  }
  const records: LoginRecord[] = []
  const events: LoginRecord[] = []
  const metrics = fakeMetrics()
  const log = aLog()
  const remember = vi.fn<(user: User) => void>()
  const openSession = createOpenSession({
    signInLimit,
    tokenStore,
    knownUsers: { remember },
    signPair: async ({ refreshToken }) => ({
      accessToken: 'jwt',
      refreshToken,
      expiresInSeconds: 1800,
      sessionId: SESSION_ID,
      idleUntilMs: NOW_MS,
    }),
    recordLogin: createRecordLogin({
      audit: { record: async (login) => void records.push(login) },
      events: { publish: (login) => void events.push(login) },
      metrics,
      log,
    }),
    metrics,
    log,
    accessTtlSeconds: 1800,
  })
  const openExternalSession = createOpenExternalSession({
    users: { upsertExternal },
    openSession,
    hashUsername: (key) => `hmac(${key})`,
    clock,
    metrics,
    log,
  })
  const open = (change: Partial<Parameters<typeof openExternalSession>[0]> = {}) =>
    openExternalSession({
      user: AYU,
      protectedRoles: ['admin', 'auditor'],
      method: 'external',
      actor: { kind: 'key', name: 'shop' },
      amr: [],
      context,
      ...change,
    })
  const parts = { tokenStore, upsertExternal, signInLimit, records, events, metrics, log, remember }
  return { open, ...parts }
}

test('a session is opened for the user, from the place of the user, as authenticated elsewhere', async () => {
  const { open, tokenStore, upsertExternal, signInLimit, remember } = setUp()
  const authenticatedAtMs = NOW_MS - 60_000
  expect(await open({ amr: ['pwd', 'otp'], authenticatedAtMs })).toMatchObject({
    outcome: 'opened',
    pair: { refreshToken: 'art_first' },
  })
  expect(upsertExternal).toHaveBeenCalledExactlyOnceWith(AYU, {
    protectedRoles: ['admin', 'auditor'],
    actor: 'key:shop',
  })
  expect(tokenStore.issue).toHaveBeenCalledExactlyOnceWith({
    userId: USER_ID,
    userVersion: 1,
    clientId: 'first-party',
    context: { network: context.network, agent: context.agent },
    accessTtlSeconds: 1860,
    amr: ['pwd', 'otp'],
    authTimeMs: authenticatedAtMs,
  })
  expect(signInLimit.take.mock.calls).toEqual([[USER_ID]])
  expect(remember).toHaveBeenCalledOnce()
})

test('it is recorded with its method and key, under the external id: no sign-in of the local user of that name', async () => {
  const { open, records, events, metrics, log } = setUp()
  await open()
  expect(records).toEqual([
    {
      method: 'external',
      actor: 'key:shop',
      outcome: 'succeeded',
      usernameHash: 'hmac(\0users/1084)',
      userId: USER_ID,
      sessionId: SESSION_ID,
      context,
    },
  ])
  expect(events).toEqual(records)
  expect(metrics.loggedIn.mock.calls).toEqual([['succeeded', 'external']])
  expect(log.lines.join('\n')).not.toMatch(/1084"|art_first|jwt/)
})

test('without the methods of the authentication, the token does not claim a password', async () => {
  const { open, tokenStore } = setUp()
  await open()
  expect(tokenStore.issue.mock.calls[0]?.[0]).toMatchObject({ amr: [] })
})

test('a created or changed user is logged with the key', async () => {
  const { open, upsertExternal, log } = setUp()
  upsertExternal.mockResolvedValue({ outcome: 'stored', user: aUser(), change: 'created' })
  await open()
  expect(log.lines.map((line): unknown => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ event: 'external_user', change: 'created', actor: 'key:shop' }),
  )
})

test('a disabled user gets no session, and the refusal is recorded', async () => {
  const { open, tokenStore, records } = setUp({ user: aUser({ active: false }) })
  expect(await open()).toEqual({ outcome: 'user_inactive' })
  expect(records).toMatchObject([
    { outcome: 'user_inactive', method: 'external', actor: 'key:shop' },
  ])
  expect(tokenStore.issue).not.toHaveBeenCalled()
})

test('a protected role is neither assigned nor used', async () => {
  const { open, tokenStore, upsertExternal } = setUp()
  expect(await open({ user: { ...AYU, role: 'admin' } })).toEqual({ outcome: 'role_protected' })
  expect(upsertExternal).not.toHaveBeenCalled()
  upsertExternal.mockResolvedValue({ outcome: 'role_protected' })
  expect(await open()).toEqual({ outcome: 'role_protected' })
  expect(tokenStore.issue).not.toHaveBeenCalled()
})

test('a user who opens too many sessions is limited', async () => {
  const { open, signInLimit, tokenStore, metrics } = setUp()
  signInLimit.take.mockResolvedValue({ allowed: false, retryAfterSeconds: 9 })
  expect(await open()).toEqual({ outcome: 'rate_limited', retryAfterSeconds: 9 })
  expect(tokenStore.issue).not.toHaveBeenCalled()
  expect(metrics.loggedIn.mock.calls).toEqual([['rate_limited', 'external']])
})

test.each<[string, Partial<Parameters<ReturnType<typeof setUp>['open']>[0]>]>([
  ['an external id with a line break', { user: { externalId: 'a\n' } }],
  ['a name with invisible characters', { user: { ...AYU, username: 'a\u202eb' } }],
  ['an odd role', { user: { ...AYU, role: 'Admin!' } }],
  ['registered claims', { user: { ...AYU, claims: { sub: 'x' } } }],
  ['claims of more than 2 KB', { user: { ...AYU, claims: { a: 'x'.repeat(2048) } } }],
  ['an authentication in the future', { authenticatedAtMs: NOW_MS + 60_000 }],
  ['an authentication long ago', { authenticatedAtMs: 0 }],
])('%s is refused before any work', async (_, change) => {
  const { open, upsertExternal } = setUp()
  await expect(open(change)).rejects.toMatchObject({ code: 'invalid_request' })
  expect(upsertExternal).not.toHaveBeenCalled()
})

test('a revocation of the user meanwhile, and an internal error, can be retried', async () => {
  const { open, tokenStore, signInLimit, metrics, records } = setUp()
  tokenStore.issue.mockResolvedValueOnce({ outcome: 'user_revoked' })
  await expect(open()).rejects.toMatchObject({ code: 'unavailable' })
  tokenStore.issue.mockRejectedValueOnce(new CodedError('unavailable'))
  await expect(open()).rejects.toMatchObject({ code: 'unavailable' })
  expect(signInLimit.refund.mock.calls).toEqual([[USER_ID]])
  expect(metrics.loggedIn.mock.calls).toEqual([
    ['unavailable', 'external'],
    ['unavailable', 'external'],
  ])
  expect(records).toEqual([])
  expect(await open()).toMatchObject({ outcome: 'opened' })
})
