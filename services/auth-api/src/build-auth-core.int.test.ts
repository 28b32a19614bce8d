import { randomUUID } from 'node:crypto'
import {
  CodedError,
  LOGIN_EVENTS_TOPIC,
  SESSION_EVENTS_TOPIC,
  type AnyEvent,
} from '@auto-refresh/contracts'
import { createInProcessBus } from '@auto-refresh/event-bus'
import { createMetrics } from '@auto-refresh/service-kit/telemetry'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { buildAuthCore } from './build-auth-core.ts'
import { parseAuthApiConfig } from './config.ts'
import { aLog, aSession, aTokenStore, context } from './testing/fakes.ts'
import { openTestDatabase } from './testing/open-test-database.ts'

const key = Buffer.from(Array.from({ length: 32 }, (_, i) => i + 7)).toString('base64')
const PASSWORD = 'correct horse battery'

let database: Awaited<ReturnType<typeof openTestDatabase>>
let closers: (() => Promise<void>)[] = []
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(async () => {
  for (const close of closers.toReversed()) await close()
  closers = []
  await database.close()
})

/** A session id of that time. */
const sessionOpenedAt = (ms: number) =>
  ms
    .toString(16)
    .padStart(12, '0')
    .replace(/^(.{8})/, '$1-') + '-7000-8000-000000000001'

/** Starts auth-api without HTTP on a real database. The fake token-store issues one session. */
async function start({ aheadMs = 0, addsUser = true } = {}) {
  const tokenStore = aTokenStore()
  const session = () =>
    aSession({
      id: randomUUID(),
      expiresAtMs: Date.now() + 86_400_000,
      authenticatedAtMs: Date.now(),
    })
  tokenStore.issue.mockImplementation(async ({ userId, userVersion }) => ({
    outcome: 'issued',
    token: 'art_0',
    session: { ...session(), userId, userVersion },
  }))
  tokenStore.revocations.mockImplementation(async () => ({ nowMs: Date.now(), revocations: [] }))
  tokenStore.revokeUser.mockResolvedValue({ revokedSessionIds: [] })
  const bus = createInProcessBus()
  const published: AnyEvent[] = []
  await bus.subscribe({
    group: 'test',
    topics: [LOGIN_EVENTS_TOPIC],
    handle: async (event) => void published.push(event),
  })
  const config = parseAuthApiConfig({
    DATABASE_URL: database.url,
    SIGNING_KEY_ENCRYPTION_KEYS: `k1:${key}`,
    USERNAME_HASH_KEY: key,
  })
  const log = aLog()
  const metrics = createMetrics({ service: 'auth-api', version: 'test' })
  const core = buildAuthCore({
    config,
    tokenStore,
    publisher: bus,
    subscriber: bus,
    log,
    metrics,
    clock: { nowMs: () => Date.now() + aheadMs },
  })
  closers.push(() => core.stop())
  await core.start()
  if (addsUser) await core.users.add({ username: 'Ada', password: PASSWORD }, ACTOR)
  const signIn = async () => {
    const signedIn = await core.signIn({ username: 'ADA', password: PASSWORD, context })
    if (signedIn.outcome !== 'signed_in') throw new Error(signedIn.outcome)
    return signedIn
  }
  return { core, tokenStore, bus, published, log, signIn, metrics, session }
}

const ACTOR = { kind: 'system', name: 'test' } as const

test('a sign-in returns a valid access token, and is audited and published', async () => {
  const { core, signIn, published, log, metrics } = await start()
  const { pair, user } = await signIn()
  expect(pair).toMatchObject({ refreshToken: 'art_0', expiresInSeconds: 1800 })
  expect(await core.checkAccessToken(pair.accessToken)).toMatchObject({
    outcome: 'valid',
    claims: {
      sub: user.id,
      username: 'Ada',
      role: 'user',
      sid: pair.sessionId,
      iss: 'http://localhost:8000',
      aud: 'auto-refresh',
    },
  })
  expect((await core.signIn({ username: 'ada', password: 'wrong', context })).outcome).toBe(
    'invalid_credentials',
  )
  const { rows } = await database.pool.query(
    'select outcome, user_id from auth_api.login_audit order by id',
  )
  expect(rows).toEqual([
    { outcome: 'succeeded', user_id: user.id },
    { outcome: 'invalid_credentials', user_id: user.id },
  ])
  await expect
    .poll(() => published.map(({ type }) => type))
    .toEqual(['login.succeeded.v1', 'login.failed.v1'])
  expect(log.lines.join('\n')).not.toMatch(/correct horse|art_0|eyJ|"Ada"/)
  expect((await metrics.scrape()).text).toMatch(
    /auth_logins_total\{outcome="succeeded",method="password"\} 1\n/,
  )
})

test('a disabled user is refused at once, until the revocation is delivered', async () => {
  const { core, signIn, tokenStore } = await start()
  const { user } = await signIn()
  expect(await core.users.change(user.id, { active: false }, ACTOR)).toEqual({ outcome: 'done' })
  expect(tokenStore.revokeUser).toHaveBeenCalledWith({
    userId: user.id,
    version: 2,
    reason: 'user_disabled',
  })
  expect(await core.signIn({ username: 'ada', password: PASSWORD, context })).toEqual({
    outcome: 'invalid_credentials',
  })
  expect(await core.users.change(user.id, { active: true }, ACTOR)).toEqual({ outcome: 'done' })
  await signIn()
  expect(tokenStore.issue.mock.lastCall?.[0]).toMatchObject({ userVersion: 2 })
})

test('a committed revocation whose delivery failed is delivered in the background', async () => {
  const { core, signIn, tokenStore } = await start()
  const { user } = await signIn()
  tokenStore.revokeUser.mockRejectedValueOnce(new CodedError('unavailable'))
  await expect(
    core.users.setPassword(user.id, 'another horse battery', ACTOR),
  ).rejects.toMatchObject({
    code: 'unavailable',
  })
  await expect
    .poll(
      async () => (await database.pool.query('select from auth_api.pending_revocations')).rowCount,
    )
    .toBe(0)
  expect(tokenStore.revokeUser).toHaveBeenLastCalledWith(
    expect.objectContaining({ version: 2, reason: 'password_changed' }),
  )
})

test('a reuse adds one notice for its user', async () => {
  const { core, signIn, bus } = await start()
  const { user, pair } = await signIn()
  const at = new Date().toISOString()
  const side = { network: 'n', agent: 'a', at, generation: 1 }
  const reuse: AnyEvent = {
    id: randomUUID(),
    type: 'session.reuse-detected.v1',
    source: 'token-store',
    time: at,
    subject: pair.sessionId,
    key: pair.sessionId,
    data: {
      session_id: pair.sessionId,
      session_seq: 2,
      user_id: user.id,
      client_id: 'c',
      generation: 2,
      rotated: side,
      presented: side,
      age_seconds: 100,
      session_seconds: 200,
    },
  }
  await bus.publish(SESSION_EVENTS_TOPIC, [reuse])
  await bus.publish(SESSION_EVENTS_TOPIC, [reuse])
  const notices = await core.listNotices({ userId: user.id })
  expect(notices).toEqual([
    {
      id: reuse.id,
      kind: 'session_ended_token_reused',
      userId: user.id,
      sessionId: pair.sessionId,
      occurredAtMs: Date.parse(at),
    },
  ])
  const request = {
    userId: user.id,
    id: reuse.id,
    sessionId: sessionOpenedAt(Date.parse(at)),
  }
  expect(
    await core.dismissNotice({ ...request, sessionId: sessionOpenedAt(Date.parse(at) - 1001) }),
  ).toEqual({ outcome: 'older_session' })
  expect(await core.dismissNotice(request)).toEqual({ outcome: 'dismissed' })
  expect(await core.dismissNotice(request)).toEqual({ outcome: 'not_found' })
})

test('while the database is unavailable known users are refreshed, and unknown users get a retryable error', async () => {
  const { core, signIn, tokenStore, session } = await start()
  const { user } = await signIn()
  const rotateFor = (userId: string) => {
    tokenStore.peek.mockResolvedValue({ outcome: 'rotated', session: { ...session(), userId } })
    tokenStore.rotate.mockResolvedValueOnce({
      outcome: 'rotated',
      token: 'art_1',
      session: { ...session(), userId },
      intervalSeconds: 1,
    })
  }
  rotateFor(user.id)
  expect((await core.refresh({ refreshToken: 'art_0', context })).outcome).toBe('rotated')

  await database.pool.query('alter table auth_api.users rename to users_renamed')
  rotateFor(user.id)
  const refreshed = await core.refresh({ refreshToken: 'art_0', context })
  if (refreshed.outcome !== 'rotated') throw new Error(refreshed.outcome)
  expect((await core.checkAccessToken(refreshed.pair.accessToken)).outcome).toBe('valid')
  rotateFor(randomUUID())
  await expect(core.refresh({ refreshToken: 'art_0', context })).rejects.toMatchObject({
    code: 'unavailable',
  })
})

test('a sign-out revokes the access token in this process at once', async () => {
  const { core, signIn, tokenStore, session } = await start()
  const { pair, user } = await signIn()
  tokenStore.inspect.mockResolvedValue({
    outcome: 'found',
    active: true,
    session: { ...session(), id: pair.sessionId, userId: user.id },
  })
  tokenStore.revokeSession.mockResolvedValue({ outcome: 'revoked' })
  await core.signOut({ accessToken: pair.accessToken, context })
  expect((await core.checkAccessToken(pair.accessToken)).outcome).toBe('revoked')
  await core.signOut({ accessToken: pair.accessToken, context })
})

test('after a restart old tokens stay valid', async () => {
  const { signIn } = await start()
  const { pair } = await signIn()
  const { core } = await start()
  expect((await core.checkAccessToken(pair.accessToken)).outcome).toBe('valid')
})

test.each([-2_400_000, -60_000, 12_000, 60_000])(
  'a replica whose clock is off by %i ms signs and accepts valid tokens, and reports that it is not ready',
  async (aheadMs) => {
    const [right, wrong] = [await start(), await start({ aheadMs })]
    const [ofRight, ofWrong] = [await right.signIn(), await wrong.signIn()]
    for (const { core } of [right, wrong]) {
      for (const { pair } of [ofRight, ofWrong])
        expect((await core.checkAccessToken(pair.accessToken)).outcome).toBe('valid')
    }
    expect([right.core.clock.isOff(), wrong.core.clock.isOff()]).toEqual([false, true])
    const { text } = await wrong.metrics.scrape()
    expect(Number(/^auth_clock_offset_seconds (.*)$/m.exec(text)?.[1])).toBeCloseTo(
      -aheadMs / 1000,
      0,
    )
  },
)

test('without its schema it does not start, and the error names the command', async () => {
  await database.pool.query('delete from auth_api.schema_version')
  await expect(start()).rejects.toThrow(/npm run migrate/)
})

test('after a restart in a flood, users at their usual address go first', async () => {
  const before = await start()
  await before.signIn()
  const { core, signIn } = await start({ addsUser: false })
  const elsewhere = { ...context, address: '198.51.100.1', block: '198.51.100.1/32' }
  const flood = Array.from({ length: 80 }, (_, i) =>
    core
      .signIn({ username: `made up ${i}`, password: 'a guess', context: elsewhere })
      .catch(() => undefined),
  )
  await expect
    .poll(() => core.isSignInShed(elsewhere.block), { timeout: 10_000, interval: 1 })
    .toBe(true)
  expect(core.isSignInShed(context.block)).toBe(false)
  await signIn()
  await Promise.all(flood)
})
