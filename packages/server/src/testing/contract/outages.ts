import { expect } from 'vitest'
import { createSession, expectUnrenewed, summaryOf, type Scenarios } from './contract.ts'

const RETRY_AFTER = expect.stringMatching(/^[1-9]\d*$/)

export const outages: Scenarios = {
  'while auth-api is unavailable a valid token passes, a due one passes unrefreshed, and an expired one is 503':
    async (contract) => {
      const other = await contract.startOther()
      const session = createSession(other)
      expect((await session.get('valid')).status).toBe(200)
      await other.authApi.close()
      expect((await session.get('valid')).status).toBe(200)
      const due = await session.get('due')
      expect(due.status).toBe(200)
      expectUnrenewed(due, session, [])
      const expired = await session.get('expired')
      expect([summaryOf(expired), expired.headers['retry-after']]).toEqual([
        '503 unavailable',
        RETRY_AFTER,
      ])
    },
  'while auth-api does not answer, a due token passes unrefreshed, and an expired one is 503':
    async (contract) => {
      const [due, expired] = [1, 2].map(() => createSession(contract, { peek: 'silent' }))
      if (due === undefined || expired === undefined) throw new Error('unreachable')
      const answers = await Promise.all([due.get('due'), expired.get('expired')])
      expect(answers.map(summaryOf)).toEqual(['200', '503 unavailable'])
      expect(answers[1].headers['retry-after']).toEqual(RETRY_AFTER)
      expectUnrenewed(answers[0], due, ['peek', 'peek'])
    },
  'while auth-api responds 503, a due token passes unrefreshed, and an expired one is 503': async (
    contract,
  ) => {
    const session = createSession(contract, { peek: 'failing' })
    const answers = [await session.get('due'), await session.get('expired')]
    expect(answers.map(summaryOf)).toEqual(['200', '503 unavailable'])
    expectUnrenewed({ headers: { ...answers[0]?.headers } }, session, ['peek', 'peek'])
  },
  'a refresh that fails after the handler leaves its response complete, without new tokens': async (
    contract,
  ) => {
    for (const renewal of ['failing', { outcome: 'revoked' }, 'silent'] as const) {
      const session = createSession(contract, { renewal })
      const answer = await session.get('due')
      expect([answer.status, answer.cut, JSON.parse(answer.body).user.sub]).toEqual([
        200,
        false,
        session.sub,
      ])
      const calls = renewal === 'silent' ? ['peek', 'renew', 'renew'] : ['peek', 'renew']
      expectUnrenewed(answer, session, calls)
      expect(answer.headers['cache-control']).toBe('public, max-age=60')
    }
  },
}
