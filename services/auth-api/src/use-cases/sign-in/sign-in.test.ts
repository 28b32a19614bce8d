import { CodedError } from '@auto-refresh/contracts'
import { describe, expect, test, vi } from 'vitest'
import type { LoginAudit, LoginRecord } from '../../ports/login-records.ts'
import type { Passwords } from '../../ports/passwords.ts'
import type { FamiliarSignIns, LoginThrottle, SignInLimit } from '../../ports/sign-in-limits.ts'
import type { User, Users } from '../../ports/users.ts'
import {
  aLog,
  fakeMetrics,
  aSession,
  aTokenStore,
  aUser,
  context,
  NOW_MS,
  SESSION_ID,
  USER_ID,
} from '../../testing/fakes.ts'
import { createOpenSession } from './open-session.ts'
import { createRecordLogin } from './record-login.ts'
import { createSignIn } from './sign-in.ts'

function setUp({
  user = aUser(),
  outdated = false,
  allowDemoPassword = true,
}: { user?: User | 'unknown'; outdated?: boolean; allowDemoPassword?: boolean } = {}) {
  const tokenStore = aTokenStore()
  tokenStore.issue.mockResolvedValue({
    outcome: 'issued',
    token: 'art_first',
    session: aSession({ generation: 0 }),
  })
  const users = {
    findByName: vi.fn<Users['findByName']>(async () => (user === 'unknown' ? undefined : user)),
    upgradePasswordHash: vi.fn<Users['upgradePasswordHash']>(async () => {}),
  }
  const passwords = {
    isBusy: vi.fn<Passwords['isBusy']>(() => false),
    hash: vi.fn<Passwords['hash']>(async () => 'new hash'),
    verify: vi.fn<Passwords['verify']>(async (password, hash) => ({
      matches: hash !== undefined && (password === 'right' || password === 'password'),
      outdated,
    })),
  }
  const familiar = {
    has: vi.fn<FamiliarSignIns['has']>(() => false),
    hasBlock: () => false,
    add: vi.fn<FamiliarSignIns['add']>(),
  }
  const end = vi.fn<(outcome: 'right' | 'wrong') => Promise<void>>(async () => {})
  const throttle = { take: vi.fn<LoginThrottle['take']>(async () => ({ allowed: true, end })), end }
  const signInLimit = {
    take: vi.fn<SignInLimit['take']>(async () => ({ allowed: true })),
    refund: vi.fn<SignInLimit['refund']>(async () => {}),
  }
  const records: LoginRecord[] = []
  const audit = { record: vi.fn<LoginAudit['record']>(async (login) => void records.push(login)) }
  const events: LoginRecord[] = []
  const metrics = fakeMetrics()
  const log = aLog()
  const recordLogin = createRecordLogin({
    audit,
    events: { publish: (login) => void events.push(login) },
    metrics,
    log,
  })
  const signIn = createSignIn({
    users,
    passwords,
    throttle,
    familiar,
    deviceProofs: {
      issue: (name, id) => (id === undefined ? `proof of ${name}` : `proof of ${name} for ${id}`),
      check: (proof, name) => (proof === `proof of ${name}` ? 'device' : undefined),
    },
    openSession: createOpenSession({
      signInLimit,
      tokenStore,
      knownUsers: { remember: () => {} },
      signPair: async ({ refreshToken, session }) => ({
        accessToken: 'jwt',
        refreshToken,
        expiresInSeconds: 1800,
        sessionId: session.id,
        idleUntilMs: NOW_MS,
      }),
      recordLogin,
      metrics,
      log,
      accessTtlSeconds: 1800,
    }),
    recordLogin,
    hashUsername: (key) => `hmac(${key.length})`,
    startDeadline: () => new AbortController().signal,
    metrics,
    log,
    allowDemoPassword,
  })
  return {
    signIn,
    familiar,
    signInLimit,
    tokenStore,
    users,
    passwords,
    throttle,
    records,
    events,
    audit,
    metrics,
    log,
  }
}
const right = { username: 'ADA', password: 'right', context }

test('the right password opens a session', async () => {
  const { signIn, records, events, throttle, tokenStore, users, metrics } = setUp()
  expect(await signIn(right)).toEqual({
    outcome: 'signed_in',
    pair: {
      accessToken: 'jwt',
      refreshToken: 'art_first',
      expiresInSeconds: 1800,
      sessionId: SESSION_ID,
      idleUntilMs: NOW_MS,
    },
    user: { id: USER_ID, username: 'Ada', role: 'user' },
    deviceProof: 'proof of ada',
  })
  expect(users.findByName).toHaveBeenCalledWith('ada')
  expect(tokenStore.issue.mock.calls[0]?.[0]).toMatchObject({
    userId: USER_ID,
    userVersion: 1,
    context: { network: context.network, agent: 'test' },
  })
  expect(records).toMatchObject([
    { outcome: 'succeeded', method: 'password', userId: USER_ID, sessionId: SESSION_ID },
  ])
  expect(events).toEqual(records)
  expect(throttle.end.mock.calls).toEqual([['right']])
  expect(metrics.loggedIn.mock.calls).toEqual([['succeeded', 'password']])
})

test('the throttle receives the id of a known device', async () => {
  const { signIn, throttle } = setUp()
  for (const deviceProof of ['proof of ada', 'proof of bob', undefined])
    await signIn({ ...right, deviceProof })
  expect(throttle.take.mock.calls.map(([{ device }]) => device)).toEqual([
    'device',
    undefined,
    undefined,
  ])
})

describe('every refused sign-in gets the same response after the same work', () => {
  test.each<[string, User | 'unknown', string, string]>([
    ['an unknown name', 'unknown', 'right', 'invalid_credentials'],
    ['a wrong password', aUser(), 'wrong', 'invalid_credentials'],
    ['a disabled user', aUser({ active: false }), 'right', 'user_inactive'],
    [
      'a disabled user with a wrong password',
      aUser({ active: false }),
      'wrong',
      'invalid_credentials',
    ],
    [
      'the demo user from another machine',
      aUser({ demo: true }),
      'password',
      'invalid_credentials',
    ],
  ])('%s', async (_who, user, password, audited) => {
    const { signIn, passwords, records, throttle, tokenStore, log } = setUp({ user })
    expect(await signIn({ ...right, password })).toEqual({ outcome: 'invalid_credentials' })
    expect(passwords.verify).toHaveBeenCalledOnce()
    expect(records.map(({ outcome }) => outcome)).toEqual([audited])
    expect(throttle.end.mock.calls).toEqual([['wrong']])
    expect(tokenStore.issue).not.toHaveBeenCalled()
    const lines = log.lines.join().replaceAll('"method":"password"', '')
    expect(lines).not.toMatch(/ada|wrong|right|password"/i)
  })

  test('a sign-in during a revocation of the user', async () => {
    const { signIn, tokenStore, records } = setUp()
    tokenStore.issue.mockResolvedValue({ outcome: 'user_revoked' })
    expect(await signIn(right)).toEqual({ outcome: 'invalid_credentials' })
    expect(records).toMatchObject([{ outcome: 'invalid_credentials' }])
  })
})

test('the demo user signs in with the published password from this machine only, and with another password from anywhere', async () => {
  const { signIn } = setUp({ user: aUser({ demo: true }) })
  expect(
    await signIn({
      ...right,
      password: 'password',
      context: { ...context, straightFromLoopback: true },
    }),
  ).toMatchObject({ outcome: 'signed_in' })
  expect(await signIn(right)).toMatchObject({ outcome: 'signed_in' })
})

test('the published password is refused when other machines can reach the port, even from this machine', async () => {
  const { signIn } = setUp({ user: aUser({ demo: true }), allowDemoPassword: false })
  expect(
    await signIn({
      ...right,
      password: 'password',
      context: { ...context, straightFromLoopback: true },
    }),
  ).toEqual({ outcome: 'invalid_credentials' })
})

test('a session whose token could not be returned is revoked, so that retries do not end other devices', async () => {
  const parts = setUp()
  parts.audit.record.mockRejectedValueOnce(new CodedError('unavailable'))
  await expect(parts.signIn(right)).rejects.toMatchObject({ code: 'unavailable' })
  expect(parts.tokenStore.revokeSession).toHaveBeenCalledExactlyOnceWith({
    sessionId: SESSION_ID,
    reason: 'logout',
  })
})

describe('while too many sign-ins wait', () => {
  test('an unfamiliar sign-in is refused before any work, and no attempt is counted', async () => {
    const { signIn, passwords, throttle, users } = setUp()
    passwords.isBusy.mockReturnValue(true)
    await expect(signIn(right)).rejects.toMatchObject({ code: 'unavailable' })
    expect(throttle.take).not.toHaveBeenCalled()
    expect(users.findByName).not.toHaveBeenCalled()
  })

  test.each(['a known device', 'an address from which the user has signed in before'])(
    '%s goes first',
    async (who) => {
      const { signIn, passwords, familiar, records } = setUp()
      passwords.isBusy.mockReturnValue(true)
      if (who !== 'a known device') familiar.has.mockReturnValue(true)
      const deviceProof = who === 'a known device' ? 'proof of ada' : undefined
      const renewed = deviceProof === undefined ? 'proof of ada' : 'proof of ada for device'
      expect(await signIn({ ...right, deviceProof })).toMatchObject({
        outcome: 'signed_in',
        deviceProof: renewed,
      })
      expect(passwords.verify.mock.calls[0]?.[2]).toMatchObject({ first: true })
      expect(familiar.add).toHaveBeenCalledExactlyOnceWith({
        usernameHash: records[0]?.usernameHash,
        block: context.block,
      })
    },
  )
})

describe('limits', () => {
  const refused = (isFirst: boolean) =>
    ({ allowed: false, limiter: 'login', retryAfterSeconds: 30, isFirst }) as const

  test('an attempt over the limit causes no hash and no query', async () => {
    const { signIn, throttle, passwords, users } = setUp()
    throttle.take.mockResolvedValue(refused(true))
    expect(await signIn(right)).toEqual({ outcome: 'rate_limited', retryAfterSeconds: 30 })
    expect(passwords.verify).not.toHaveBeenCalled()
    expect(users.findByName).not.toHaveBeenCalled()
  })

  test('only the first refusal in a window is recorded, all are counted', async () => {
    const { signIn, throttle, records, metrics } = setUp()
    throttle.take.mockResolvedValueOnce(refused(true)).mockResolvedValue(refused(false))
    for (let i = 0; i < 3; i++) await signIn(right)
    expect(records).toMatchObject([{ outcome: 'rate_limited' }])
    expect(metrics.loggedIn.mock.calls).toEqual(
      Array.from({ length: 3 }, () => ['rate_limited', 'password']),
    )
  })
})

describe('an internal error', () => {
  test.each(['verify', 'issue', 'audit'] as const)(
    'in %s does not count as a failed attempt',
    async (where) => {
      const parts = setUp()
      const unavailable = new CodedError('unavailable')
      if (where === 'verify') parts.passwords.verify.mockRejectedValue(unavailable)
      if (where === 'issue') parts.tokenStore.issue.mockRejectedValue(unavailable)
      if (where === 'audit') parts.audit.record.mockRejectedValue(unavailable)
      await expect(parts.signIn(right)).rejects.toBe(unavailable)
      expect(parts.throttle.end.mock.calls).toEqual([['right']])
      expect(parts.metrics.loggedIn.mock.calls).toEqual([['unavailable', 'password']])
    },
  )
})

test('a hash with older parameters is replaced, and a failure of that does not affect the sign-in', async () => {
  const { signIn, users, passwords } = setUp({ outdated: true })
  await signIn(right)
  expect(users.upgradePasswordHash).toHaveBeenCalledExactlyOnceWith(USER_ID, {
    from: 'hash',
    to: 'new hash',
  })
  passwords.hash.mockRejectedValue(new CodedError('unavailable'))
  expect(await signIn(right)).toMatchObject({ outcome: 'signed_in' })
})

test.each([
  ['a\uD800', 'right'],
  ['ada', 'right\uDFFF'],
  ['a\u0000', 'right'],
])('malformed text is refused first (%#)', async (username, password) => {
  const { signIn, throttle } = setUp()
  await expect(signIn({ username, password, context })).rejects.toMatchObject({
    code: 'invalid_request',
  })
  expect(throttle.take).not.toHaveBeenCalled()
})

test('a stored hash that is not argon2id is refused like a wrong password, and an error line names the user', async () => {
  const { signIn, passwords, log, records } = setUp()
  passwords.verify.mockResolvedValueOnce({ matches: false, outdated: false, unreadable: true })
  expect(await signIn(right)).toEqual({ outcome: 'invalid_credentials' })
  expect(log.lines.map((line): unknown => JSON.parse(line))).toContainEqual({
    level: 'error',
    userId: USER_ID,
    message: expect.stringContaining('set-password') as string,
  })
  expect(records).toMatchObject([{ outcome: 'invalid_credentials', userId: USER_ID }])
})

test('a user who opens too many sessions is limited, and no failed attempt is counted', async () => {
  const { signIn, signInLimit, tokenStore, throttle, records } = setUp()
  signInLimit.take.mockResolvedValue({ allowed: false, retryAfterSeconds: 9 })
  expect(await signIn({ username: 'Ada', password: 'right', context })).toEqual({
    outcome: 'rate_limited',
    retryAfterSeconds: 9,
  })
  expect([tokenStore.issue.mock.calls, throttle.end.mock.calls, records]).toEqual([
    [],
    [['right']],
    [],
  ])
  expect(await signIn({ username: 'Ada', password: 'wrong', context })).toEqual({
    outcome: 'invalid_credentials',
  })
  expect(signInLimit.take.mock.calls).toEqual([[USER_ID]])
})

test('a session that was not opened because of an internal error does not count', async () => {
  const { signIn, signInLimit, tokenStore } = setUp()
  tokenStore.issue.mockRejectedValue(new CodedError('unavailable'))
  await expect(signIn({ username: 'Ada', password: 'right', context })).rejects.toMatchObject({
    code: 'unavailable',
  })
  expect(signInLimit.refund).toHaveBeenCalledExactlyOnceWith(USER_ID)
})
