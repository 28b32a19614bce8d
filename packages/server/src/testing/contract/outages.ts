import { expect } from 'vitest'
import { createSession, expectUnrenewed, summaryOf, type Scenarios } from './contract.ts'

const RETRY_AFTER = expect.stringMatching(/^[1-9]\d*$/)

export const outages: Scenarios = {
  'while auth-api does not answer or is unavailable, a valid token passes, a due one passes unrefreshed, and an expired one is 503':
    async (contract) => {
      const other = await contract.startOther({ impatient: true })
      const session = createSession(other, { peek: 'silent' })
      const late = createSession(other, { renewal: 'silent' })

      async function expectOutage(): Promise<void> {
        const [valid, due, expired] = await Promise.all([
          session.get('valid'),
          session.get('due'),
          session.get('expired'),
        ])
        expect([valid.status, due.status]).toEqual([200, 200])
        expectUnrenewed(due, session, session.calls())
        expect([summaryOf(expired), expired.headers['retry-after']]).toEqual([
          '503 unavailable',
          RETRY_AFTER,
        ])
      }

      const [unanswered] = await Promise.all([late.get('due'), expectOutage()])
      expect([unanswered.status, unanswered.cut]).toEqual([200, false])
      expectUnrenewed(unanswered, late, late.calls())
      expect(new Set(session.calls())).toEqual(new Set(['peek']))
      expect(late.calls()).toContain('renew')
      await other.authApi.close()
      await expectOutage()
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
    for (const renewal of ['failing', { outcome: 'revoked' }] as const) {
      const session = createSession(contract, { renewal })
      const answer = await session.get('due')
      expect([answer.status, answer.cut, JSON.parse(answer.body).user.sub]).toEqual([
        200,
        false,
        session.sub,
      ])
      expectUnrenewed(answer, session, ['peek', 'renew'])
      expect(answer.headers['cache-control']).toBe('public, max-age=60')
    }
  },
}
