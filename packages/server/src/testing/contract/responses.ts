import { expect } from 'vitest'
import {
  createSession,
  expectRenewed,
  expectUnrenewed,
  release,
  summaryOf,
  type Scenarios,
} from './contract.ts'
import { open, within } from './send.ts'

/** Reads one part of the body. */
async function readPart(body: AsyncIterator<unknown>): Promise<string> {
  const { done, value } = await within(body.next(), 'next part of the body')
  return done === true ? 'end' : String(value)
}

export const responses: Scenarios = {
  'errors and redirects of the handler spend nothing': async (contract) => {
    for (const status of [301, 302, 304, 400, 404, 422, 500, 503]) {
      const session = createSession(contract)
      const answer = await session.get('due', `/status/${status}`)
      expect(answer.status).toBe(status)
      if (status < 304) expect(answer.headers.location).toBe('/cases')
      expectUnrenewed(answer, session, ['peek'])
    }
  },
  'every 2xx carries the new tokens, also without a body': async (contract) => {
    for (const status of [200, 202, 204]) {
      const session = createSession(contract)
      const answer = await session.get('due', `/status/${status}`)
      expect([answer.status, answer.body]).toEqual([status, ''])
      expectRenewed(answer, session)
    }
  },
  'a stream has the new tokens in its head, and its parts arrive complete, in order, as they are made':
    async (contract) => {
      const session = createSession(contract)
      const headers = await session.fields('due')
      const { opened } = await open(`${contract.url}/stream?id=${session.id}`, { headers })
      const response = await opened
      expectRenewed(response, session)
      const body = response[Symbol.asyncIterator]()
      expect(await readPart(body)).toBe('one\n')
      await release(contract, session.id)
      expect(await readPart(body)).toBe('two\n')
      await release(contract, session.id)
      expect(await readPart(body)).toBe('three\n')
      expect(await readPart(body)).toBe('end')
    },
  'a response that ends at once without a body carries the new tokens': async (contract) => {
    const session = createSession(contract)
    const answer = await session.get('due', '/early')
    expect([answer.status, answer.body, answer.cut]).toEqual([200, '', false])
    expectRenewed(answer, session)
  },
  'a handler that writes the head by itself keeps its headers, and a pair is spent only if it is sent':
    async (contract) => {
      const session = createSession(contract)
      const answer = await session.get('due', '/head')
      expect([answer.status, answer.headers['x-own'], answer.body]).toEqual([200, '1', 'own head'])
      if (answer.headers['x-token-refreshed'] === undefined)
        expectUnrenewed(answer, session, ['peek'])
      else expectRenewed(answer, session)
    },
  'HEAD is checked and refreshed like GET': async (contract) => {
    const session = createSession(contract)
    const answer = await session.get('due', '/cases', { method: 'HEAD' })
    expect([answer.status, answer.body, answer.headers['x-total']]).toEqual([200, '', '1'])
    expectRenewed(answer, session)
    const other = createSession(contract)
    const refusal = await other.get('expired', '/cases', { method: 'HEAD', refresh: [] })
    expect([refusal.status, refusal.body]).toEqual([401, ''])
  },
  'OPTIONS spends nothing': async (contract) => {
    const session = createSession(contract)
    const answer = await session.get('due', '/cases', { method: 'OPTIONS' })
    expect([answer.status, answer.headers.allow]).toEqual([200, 'GET'])
    expectUnrenewed(answer, session, [])
    const expired = await session.get('expired', '/cases', { method: 'OPTIONS' })
    expect(summaryOf(expired)).toBe('401 access_token_expired')
  },
  'an error thrown by the handler is the 500 of the application, and spends nothing': async (
    contract,
  ) => {
    for (const path of ['/throw', '/throw-later']) {
      const session = createSession(contract)
      const answer = await session.get('due', path)
      expect(answer.status).toBe(500)
      expect(answer.body).not.toContain('"request_id"')
      expectUnrenewed(answer, session, ['peek'])
    }
  },
  'an error in the middle of a response cuts it, and the tokens in its head were spent once':
    async (contract) => {
      const session = createSession(contract)
      const headers = await session.fields('due')
      const { opened } = await open(`${contract.url}/throw-midstream?id=${session.id}`, { headers })
      const response = await opened
      expectRenewed(response, session)
      const body = response[Symbol.asyncIterator]()
      expect(await readPart(body)).toBe('one\n')
      await release(contract, session.id)
      await expect(readPart(body)).rejects.toThrow(/aborted|terminated|hang up|reset/i)
      expect(session.calls()).toEqual(['peek', 'renew'])
    },
}
