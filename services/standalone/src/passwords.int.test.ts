import { randomBytes } from 'node:crypto'
import { AUTH_API_MIGRATIONS, buildAuthCore, parseAuthApiConfig } from '@auto-refresh/auth-api'
import { CodedError, type TokenStore } from '@auto-refresh/contracts'
import { createInProcessBus } from '@auto-refresh/event-bus'
import { migrate } from '@auto-refresh/service-kit/postgres'
import { createMetrics, createSilentLogger } from '@auto-refresh/service-kit/telemetry'
import { createTestDatabase, eventually } from '@auto-refresh/test-engines'
import {
  buildTokenStore,
  parseTokenStoreConfig,
  TOKEN_STORE_MIGRATIONS,
} from '@auto-refresh/token-store'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'

const OLD = 'correct horse battery'
const NEW = 'another horse battery'
const key = randomBytes(32).toString('base64')
const context = {
  address: '203.0.113.7',
  block: '203.0.113.7/32',
  network: '203.0.113.0/24',
  agent: 'test',
  straightFromLoopback: false,
}
const actor = { kind: 'cli', name: 'test' } as const

let auth: ReturnType<typeof buildAuthCore>
let sql: Client
const closing = new AsyncDisposableStack()
/** While true, token-store ends no sessions: as after a crash between two commits. */
let isDeliveryBroken = false

beforeAll(async () => {
  const database = await createTestDatabase()
  closing.defer(() => database.drop())
  for (const migrations of [AUTH_API_MIGRATIONS, TOKEN_STORE_MIGRATIONS])
    await migrate({ url: database.url, ...migrations, log: () => {} })
  const [logger, metrics] = [
    createSilentLogger(),
    createMetrics({ service: 'standalone', version: '0' }),
  ]
  const store = buildTokenStore({
    config: parseTokenStoreConfig({
      DATABASE_URL: database.url,
      REFRESH_TOKEN_KEYS: `1:${key}`,
    }),
    publisher: undefined,
    logger,
    metrics,
  })
  closing.defer(() => store.stop())
  await store.start()
  const tokenStore: TokenStore = {
    ...store.tokenStore,
    async revokeUser(request) {
      if (isDeliveryBroken) throw new CodedError('unavailable')
      return store.tokenStore.revokeUser(request)
    },
  }
  const bus = createInProcessBus()
  auth = buildAuthCore({
    config: parseAuthApiConfig({
      DATABASE_URL: database.url,
      SIGNING_KEY_ENCRYPTION_KEYS: `k1:${key}`,
      USERNAME_HASH_KEY: key,
    }),
    tokenStore,
    publisher: bus,
    subscriber: bus,
    log: logger,
    metrics,
  })
  closing.defer(() => auth.stop())
  await auth.start()
  sql = new Client({ connectionString: database.url })
  await sql.connect()
  closing.defer(() => sql.end())
})
afterAll(() => closing.disposeAsync())

/** Adds a user with some open sessions. */
async function withSessions(username: string, count: number) {
  await auth.users.add({ username, password: OLD }, actor)
  const sessions = await Promise.all(Array.from({ length: count }, () => open(username, OLD)))
  return { sessions, userId: sessions[0]?.userId ?? '' }
}

async function open(username: string, password: string) {
  const signedIn = await auth.signIn({ username, password, context })
  if (signedIn.outcome !== 'signed_in') throw new Error(signedIn.outcome)
  const { pair, user } = signedIn
  let { refreshToken } = pair
  return {
    userId: user.id,
    sessionId: pair.sessionId,
    accessToken: pair.accessToken,
    /** Refreshes as a client does, and returns the outcome. */
    async refresh() {
      const refreshed = await auth.refresh({ refreshToken, context })
      if ('pair' in refreshed) refreshToken = refreshed.pair.refreshToken
      return refreshed.outcome
    },
  }
}
type Open = Awaited<ReturnType<typeof open>>

const change = ({ userId, sessionId }: Open, currentPassword = OLD, newPassword = NEW) =>
  auth.changePassword({ userId, sessionId, currentPassword, newPassword, context })
const checkSignIn = async (username: string, password: string) =>
  (await auth.signIn({ username, password, context })).outcome
const delivered = () =>
  eventually(
    async () => (await sql.query('select from auth_api.pending_revocations')).rowCount === 0,
  )

test('a change of the own password ends the other sessions, and this one stays', async () => {
  const { sessions, userId } = await withSessions('Ada', 3)
  const [own, thief, other] = sessions as [Open, Open, Open]
  expect(await change(own)).toEqual({ outcome: 'changed' })
  expect(await thief.refresh()).toBe('revoked')
  expect((await auth.checkAccessToken(other.accessToken)).outcome).toBe('revoked')
  expect((await auth.checkAccessToken(own.accessToken)).outcome).toBe('valid')
  expect([await own.refresh(), await own.refresh()]).toEqual(['rotated', 'rotated'])
  expect(await auth.listSessions({ userId })).toMatchObject([{ id: own.sessionId }])
  expect(await checkSignIn('ada', OLD)).toBe('invalid_credentials')
  expect(await checkSignIn('ada', NEW)).toBe('signed_in')
  expect(await auth.listNotices({ userId })).toMatchObject([
    { kind: 'password_changed', sessionId: own.sessionId },
  ])

  expect(await change(thief, NEW, OLD)).toEqual({ outcome: 'revoked' })
  expect(await change(own, OLD, 'a third horse battery')).toEqual({ outcome: 'wrong_password' })
  expect(await change(own, NEW, OLD)).toEqual({ outcome: 'changed' })
  expect(await own.refresh()).toBe('rotated')
})

test('a change that is repeated after a lost response succeeds again, and this session stays', async () => {
  const { sessions } = await withSessions('Fay', 2)
  const [own, other] = sessions as [Open, Open]
  expect([await change(own), await change(own)]).toEqual([
    { outcome: 'changed' },
    { outcome: 'changed' },
  ])
  expect([await own.refresh(), await other.refresh()]).toEqual(['rotated', 'revoked'])
  expect(await change(other)).toEqual({ outcome: 'wrong_password' })
})

test('after a crash between the commit and the end of the sessions, this session stays and no other', async () => {
  const { sessions } = await withSessions('Bob', 2)
  const [own, thief] = sessions as [Open, Open]
  isDeliveryBroken = true
  expect(await change(own)).toEqual({ outcome: 'changed' })
  expect([await own.refresh(), await thief.refresh()]).toEqual(['rotated', 'revoked'])
  // A second change waits until the first one is carried out.
  await expect(change(own, NEW, OLD)).rejects.toMatchObject({ code: 'unavailable' })
  isDeliveryBroken = false
  await delivered()
  expect([await own.refresh(), await thief.refresh()]).toEqual(['rotated', 'revoked'])
  expect((await auth.checkAccessToken(thief.accessToken)).outcome).toBe('revoked')
  expect(await change(own, NEW, OLD)).toEqual({ outcome: 'changed' })
  expect(await own.refresh()).toBe('rotated')
})

test('in that moment a logout everywhere ends this session too', async () => {
  const { sessions } = await withSessions('Cem', 1)
  const [own] = sessions as [Open]
  isDeliveryBroken = true
  expect(await change(own)).toEqual({ outcome: 'changed' })
  await expect(
    auth.signOutEverywhere({ accessToken: own.accessToken, context }),
  ).rejects.toMatchObject({ code: 'unavailable' })
  expect(await own.refresh()).toBe('revoked')
  isDeliveryBroken = false
  await delivered()
  expect(await own.refresh()).toBe('revoked')
})

test('of concurrent changes one wins, and its session is the only one that stays', async () => {
  const { sessions, userId } = await withSessions('Dee', 4)
  const outcomes = await Promise.all(
    sessions.map(async (session, i) => {
      const result = await change(session, OLD, `${NEW} ${i}`).catch(() => undefined)
      return { session, isWinner: result?.outcome === 'changed' }
    }),
  )
  await delivered()
  const winners = outcomes.filter(({ isWinner }) => isWinner)
  expect(winners).toHaveLength(1)
  for (const { session, isWinner } of outcomes)
    expect(await session.refresh()).toBe(isWinner ? 'rotated' : 'revoked')
  expect(await auth.listSessions({ userId })).toHaveLength(1)
})

test('a one-time token sets the password once and ends all sessions', async () => {
  const { sessions, userId } = await withSessions('Eva', 2)
  const createToken = async () => {
    const created = await auth.createPasswordToken({ userId, actor })
    return created.outcome === 'created' ? created.token : expect.fail(created.outcome)
  }
  const reset = async (token: string, newPassword = NEW) =>
    (await auth.resetPassword({ token, newPassword, context })).outcome
  const replaced = await createToken()
  const token = await createToken()
  expect(await reset(replaced)).toBe('invalid_token')
  expect(await reset(token, 'too short')).toBe('refused')
  const outcomes = await Promise.all([reset(token), reset(token), reset(token)])
  expect(outcomes.toSorted()).toEqual(['changed', 'invalid_token', 'invalid_token'])
  for (const session of sessions) expect(await session.refresh()).toBe('revoked')
  expect(await checkSignIn('eva', OLD)).toBe('invalid_credentials')
  const again = await open('eva', NEW)

  const older = await createToken()
  expect(await change(again, NEW, OLD)).toEqual({ outcome: 'changed' })
  expect(await reset(older)).toBe('invalid_token')
  const expired = await createToken()
  await sql.query("update auth_api.password_tokens set expires_at = now() - interval '1 second'")
  expect(await reset(expired)).toBe('invalid_token')
  const ofDisabled = await createToken()

  const { rows } = await sql.query<{ acts: number; stored: string }>(
    `select (select count(*)::integer from auth_api.admin_acts
       where user_id = $1 and act = 'password_token_created' and actor = 'cli:test') as acts,
       (select string_agg(t::text, '') from auth_api.password_tokens t) as stored`,
    [userId],
  )
  expect(rows[0]?.acts).toBe(5)
  expect(rows[0]?.stored).not.toContain(ofDisabled.slice(4))
  for (const active of [false, true]) {
    await auth.users.change(userId, { active }, actor)
    expect(await reset(ofDisabled)).toBe('invalid_token')
  }
})
