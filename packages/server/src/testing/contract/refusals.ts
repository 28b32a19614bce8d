import { expect, vi } from 'vitest'
import {
  createSession,
  expectRenewed,
  expectUnrenewed,
  notesOf,
  summaryOf,
  type Scenarios,
} from './contract.ts'
import { send } from './send.ts'

const refused = (outcome: string) => ({ outcome })

export const refusals: Scenarios = {
  'a missing token is 401 with the error envelope of auth-api': async ({ url }) => {
    const answer = await send(`${url}/cases`)
    expect(answer.status).toBe(401)
    expect(JSON.parse(answer.body)).toEqual({
      status: 401,
      message: expect.any(String),
      data: null,
      error: {
        code: 'access_token_missing',
        retryable: false,
        request_id: answer.headers['x-request-id'],
      },
    })
    expect(answer.headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/json/),
      'www-authenticate': 'Bearer',
      'cache-control': 'no-store, private',
      'x-request-id': expect.stringMatching(/./),
    })
  },
  'a forged token is 401, whatever refresh token comes with it': async (contract) => {
    const session = createSession(contract)
    const forged = `${(await session.access('due')).slice(0, -6)}AAAAAA`
    for (const token of [forged, 'x', 'a.b.c']) {
      const answer = await send(`${contract.url}/cases?id=${session.id}`, {
        headers: [['authorization', `Bearer ${token}`], ...session.byHeader],
      })
      expect(summaryOf(answer)).toBe('401 access_token_invalid')
      expectUnrenewed(answer, session, [])
    }
    expect(await notesOf(contract, session.id)).toEqual([])
  },
  'two Authorization headers are 400, in either order': async (contract) => {
    const session = createSession(contract)
    const own = ['authorization', `Bearer ${await session.access('valid')}`] as const
    const other = ['authorization', 'Bearer other'] as const
    for (const headers of [
      [own, other],
      [other, own],
    ])
      expect(summaryOf(await send(`${contract.url}/cases`, { headers }))).toBe(
        '400 invalid_request',
      )
  },
  'two different refresh tokens are 400': async (contract) => {
    const session = createSession(contract)
    const more = [['x-refresh-token', 'other']] as const
    const answer = await session.get('due', '/cases', { more })
    expect(summaryOf(answer)).toBe('400 ambiguous_refresh_token')
    expectUnrenewed(answer, session, [])
  },
  'a revoked session is 401 as soon as the list contains it': async (contract) => {
    const session = createSession(contract)
    expect((await session.get('valid')).status).toBe(200)
    contract.authApi.state.revoked.push(session.sid)
    await vi.waitFor(
      async () => expect(summaryOf(await session.get('due'))).toBe('401 access_token_revoked'),
      { timeout: 60_000, interval: 50 },
    )
  },
  'a reuse is reported before the handler runs, which it never does': async (contract) => {
    const session = createSession(contract, { peek: refused('reused'), renewal: refused('reused') })
    for (const life of ['due', 'expired'] as const) {
      const answer = await session.get(life, `/cases?id=${session.id}`)
      expect(summaryOf(answer)).toBe('401 refresh_token_reused')
    }
    expect(session.calls()).toEqual(['peek', 'renew', 'peek', 'renew'])
    expect(await notesOf(contract, session.id)).toEqual([])
  },
  'an ended session and an inactive user are 401 before the handler': async (contract) => {
    for (const [outcome, code] of [
      ['revoked', 'refresh_token_revoked'],
      ['user_inactive', 'user_inactive'],
    ] as const) {
      const session = createSession(contract, { peek: refused(outcome) })
      const answer = await session.get('due', `/cases?id=${session.id}`)
      expect(summaryOf(answer)).toBe(`401 ${code}`)
      expect([await notesOf(contract, session.id), session.calls()]).toEqual([[], ['peek']])
    }
  },
  'a refresh token that cannot refresh leaves a due token valid, and an expired one 401': async (
    contract,
  ) => {
    for (const outcome of ['invalid', 'expired', 'session_mismatch']) {
      const session = createSession(contract, { peek: refused(outcome) })
      const due = await session.get('due')
      expect(due.status).toBe(200)
      expectUnrenewed(due, session, ['peek'])
      expect((await session.get('expired')).status).toBe(401)
    }
  },
  'a limit of auth-api leaves a due token valid, and is 429 for an expired one': async (
    contract,
  ) => {
    const session = createSession(contract, {
      peek: { outcome: 'rate_limited', retry_after_seconds: 7 },
    })
    expect((await session.get('due')).status).toBe(200)
    const expired = await session.get('expired')
    expect([summaryOf(expired), expired.headers['retry-after']]).toEqual(['429 rate_limited', '7'])
  },
  'requireRole refuses another role with 403, and sees the role at auth-api': async (contract) => {
    const session = createSession(contract)
    expect(summaryOf(await session.get('valid', '/admin'))).toBe('403 forbidden')
    const renewed = await session.get('due', '/admin')
    expect(renewed.status).toBe(200)
    expectRenewed(renewed, session)
    const peek = { outcome: 'would_renew', user: { username: 'bob', role: 'user' } }
    const other = createSession(contract, { peek, claims: { role: 'admin' } })
    expect((await other.get('valid', '/admin')).status).toBe(200)
    const refusal = await other.get('due', '/admin')
    expect(summaryOf(refusal)).toBe('403 forbidden')
    expectUnrenewed(refusal, other, ['peek'])
  },
}

export const optionalUser: Scenarios = {
  'with an optional user, no token is anonymous, and a token is checked as everywhere': async (
    contract,
  ) => {
    const session = createSession(contract)
    const url = `${contract.url}/public`
    const anonymous = await send(url, { headers: session.byHeader })
    expect([anonymous.status, JSON.parse(anonymous.body)]).toEqual([200, { user: null }])
    expectUnrenewed(anonymous, session, [])
    const valid = await session.get('valid', '/public')
    expect(JSON.parse(valid.body).user).toMatchObject({ sub: session.sub })
    expect(summaryOf(await session.get('expired', '/public', { refresh: [] }))).toBe(
      '401 access_token_expired',
    )
    const forged = await send(url, { headers: [['authorization', 'Bearer x']] })
    expect(summaryOf(forged)).toBe('401 access_token_invalid')
    expectRenewed(await session.get('due', '/public'), session)
    const other = createSession(contract)
    expectRenewed(await other.get('expired', '/public'), other)
  },
}
