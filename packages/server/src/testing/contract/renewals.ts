import { Agent } from 'node:http'
import { expect, vi } from 'vitest'
import {
  createSession,
  expectRenewed,
  expectUnrenewed,
  summaryOf,
  type Scenarios,
} from './contract.ts'
import { send } from './send.ts'

const userOf = ({ body }: { body: string }) => JSON.parse(body).user

export const renewals: Scenarios = {
  'a valid token passes without a call to auth-api': async (contract) => {
    const session = createSession(contract)
    const answer = await session.get('valid')
    expect([answer.status, userOf(answer).sub]).toEqual([200, session.sub])
    expectUnrenewed(answer, session, [])
    expect(answer.headers).toMatchObject({
      'x-total': '1',
      'cache-control': 'public, max-age=60',
      'access-control-expose-headers': 'x-total',
      'set-cookie': ['theme=dark'],
    })
  },
  'a due token is refreshed: the new tokens are in the headers, which pages may read and nobody stores':
    async (contract) => {
      const session = createSession(contract)
      const answer = await session.get('due', '/cases', { more: [['user-agent', 'phone']] })
      expectRenewed(answer, session)
      expect([answer.status, userOf(answer).role]).toEqual([200, 'admin'])
      expect(answer.headers['access-control-expose-headers']?.split(', ')).toEqual([
        'x-total',
        'x-token-refreshed',
        'x-new-access-token',
        'x-new-refresh-token',
      ])
      expect(answer.headers['set-cookie']).toEqual(['theme=dark'])
      const [call] = contract.authApi.state.calls.filter(
        ({ body }) => Reflect.get(Object(body), 'refresh_token') === session.refreshToken,
      )
      expect(call).toMatchObject({
        key: 'Bearer api-key',
        body: {
          expected_session_id: session.sid,
          client: { address: expect.stringContaining('127.0.0.1'), agent: 'phone' },
        },
      })
    },
  'a refresh token that came by cookie is returned by cookie only, beside the cookies of the application':
    async (contract) => {
      const session = createSession(contract)
      const { headers } = await session.get('due', '/cases', { refresh: session.byCookie })
      expect(headers).toMatchObject({
        'x-token-refreshed': 'true',
        'x-new-access-token': session.tokens.access,
      })
      expect(headers['x-new-refresh-token']).toBeUndefined()
      expect(headers['set-cookie']).toEqual([
        'theme=dark',
        expect.stringMatching(
          new RegExp(
            `^refresh_token=${session.tokens.refresh}; Max-Age=\\d+; Path=/; HttpOnly; SameSite=Lax$`,
          ),
        ),
      ])
      expect(session.calls()).toEqual(['peek', 'renew'])
    },
  'an expired token is refreshed, and is 401 without a refresh token': async (contract) => {
    const session = createSession(contract)
    const alone = await session.get('expired', '/cases', { refresh: [] })
    expect(summaryOf(alone)).toBe('401 access_token_expired')
    expectRenewed(await session.get('expired'), session)
  },
  'a due token passes without a refresh token': async (contract) => {
    const session = createSession(contract)
    const answer = await session.get('due', '/cases', { refresh: [] })
    expect(answer.status).toBe(200)
    expectUnrenewed(answer, session, [])
  },
  "the user's own claims reach the handler": async (contract) => {
    const own = { tenant: 't1', limits: { cases: 5 } }
    const session = createSession(contract, { claims: { claims: own } })
    expect(userOf(await session.get('valid'))).toMatchObject({ role: 'user', claims: own })
    expect(userOf(await session.get('due'))).toMatchObject({ role: 'admin', claims: own })
  },
  'a POST keeps its body and its status 201': async (contract) => {
    const session = createSession(contract)
    const body = JSON.stringify({ text: 'ä'.repeat(20_000) })
    const answer = await session.get('due', '/echo', { method: 'POST', body })
    expect([answer.status, answer.body]).toEqual([201, body])
    expectRenewed(answer, session)
  },
  'an outdated role asks for a refresh, and the handler sees the new role': async (contract) => {
    const session = createSession(contract)
    const { roleChanges = [] } = contract.authApi.state
    const issuedBefore = Math.floor(Date.now() / 1000) + 10
    contract.authApi.state.roleChanges = [
      ...roleChanges,
      { user_id: session.sub, role: 'admin', issued_before: issuedBefore, expires_in: 600 },
    ]
    await vi.waitFor(
      async () =>
        expect(summaryOf(await session.get('valid', '/cases', { refresh: [] }))).toBe(
          '401 access_token_expired',
        ),
      { timeout: 60_000, interval: 50 },
    )
    const answer = await session.get('valid')
    expect(userOf(answer).role).toBe('admin')
    expectRenewed(answer, session)
  },
  'fifty parallel requests with one due token call auth-api with one Idempotency-Key, and all receive the same successor':
    async (contract) => {
      const session = createSession(contract)
      const { outcomes } = contract.authApi.state
      const { renewal = {}, ...given } = outcomes.get(session.refreshToken) ?? {}
      const afterAllPeeks = async () => {
        const peeks = () => session.calls().filter((call) => call === 'peek').length
        await vi.waitFor(() => expect(peeks()).toBeGreaterThanOrEqual(50), { timeout: 60_000 })
        return renewal
      }
      outcomes.set(session.refreshToken, { ...given, renewal: afterAllPeeks })
      const answers = await Promise.all(Array.from({ length: 50 }, () => session.get('due')))
      const successors = answers.map(({ headers }) => headers['x-new-refresh-token'])
      expect(new Set(successors)).toEqual(new Set([session.tokens.refresh]))
      const { calls, attempts } = contract.authApi.state
      const keys = attempts.filter(
        (_, index) =>
          Reflect.get(Object(calls[index]?.body), 'refresh_token') === session.refreshToken,
      )
      expect([new Set(keys).size, typeof keys[0]]).toEqual([1, 'string'])
    },
  'the next request on a connection does not get the tokens of the one before': async (
    contract,
  ) => {
    const [ann, bob] = [createSession(contract), createSession(contract)]
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    expectRenewed(await ann.get('due', '/cases', { agent }), ann)
    const answer = await bob.get('valid', '/cases', { agent })
    agent.destroy()
    expectUnrenewed(answer, bob, [])
    expect(answer.headers['cache-control']).toBe('public, max-age=60')
  },
  "a proxy's authentication subrequest spends nothing": async (contract) => {
    for (const [name, value] of [
      ['x-original-uri', '/elsewhere/cases?a=1'],
      ['x-original-url', 'https://app.example/elsewhere/cases'],
      ['x-forwarded-uri', '/elsewhere/cases'],
    ] as const) {
      const session = createSession(contract)
      const due = await session.get('due', '/nested/cases', { more: [[name, value]] })
      expect(due.status).toBe(200)
      expectUnrenewed(due, session, [])
      const expired = await session.get('expired', '/nested/cases', { more: [[name, value]] })
      expect(summaryOf(expired)).toBe('401 access_token_expired')
    }
  },
  'a proxy that sends the path with every request does not disable refreshes': async (contract) => {
    const session = createSession(contract)
    const more = [['x-original-uri', '/nested/cases?a=1']] as const
    expectRenewed(await session.get('due', '/nested/cases', { more }), session)
  },
  'a public route of the back end is open': async ({ url }) => {
    expect(await send(`${url}/notes?id=none`)).toMatchObject({ status: 200, body: '[]' })
  },
}
