import { createTestDatabase, eventually, medianSeconds } from '@auto-refresh/test-engines'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sessionIdOf } from './harness/age-session.ts'
import { call, login, me, retryUntilAnswered, refresh, toPair } from './harness/api.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'
import { ALWAYS_DUE } from './harness/token-lifetimes.ts'

/**
 * Two processes on one database: they share state only through Postgres. Every access token is due
 * at once.
 */
const systems: Standalone[] = []
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let sql: Client

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  for (const _ of [1, 2])
    systems.push(
      await (
        await startStandalone({ dataDir: folder.path, databaseUrl: database.url, env: ALWAYS_DUE })
      ).ready(),
    )
  sql = new Client({ connectionString: database.url })
  await sql.connect()
})
afterAll(async () => {
  await sql.end()
  for (const system of systems) await system.stop()
  await folder.remove()
  await database.drop()
})

const urlOf = (i: number) => systems[i % systems.length]?.url ?? ''
const generationOf = async (token: string) => {
  const { rows } = await sql.query<{ generation: string; revoke_reason: string | null }>(
    'select generation, revoke_reason from token_store.sessions where id = $1',
    [sessionIdOf(token)],
  )
  return { generation: Number(rows[0]?.generation), revoked: rows[0]?.revoke_reason }
}

/**
 * The pair that a client has in the end: without a response, or with a 503 from a busy process, it
 * retries.
 */
const successorBy = {
  refresh: async (url: string, token: string) =>
    toPair(await retryUntilAnswered(() => refresh(url, token))).refresh,
  autoRefresh: async (url: string, token: string) =>
    toPair(
      await retryUntilAnswered(() =>
        call(url, 'POST', '/api/v1/auth/auto-refresh', { body: { refresh_token: token } }),
      ),
    ).refresh,
  async middleware(url: string, token: string, access: string) {
    let successor: string | null = null
    await eventually(async () => {
      const answer = await retryUntilAnswered(() => me(url, access, { 'x-refresh-token': token }))
      expect(answer.status).toBe(200)
      successor = answer.headers.get('x-new-refresh-token')
      return successor !== null
    })
    return successor
  },
}

test('50 concurrent refreshes of one token over two processes receive the same successor and raise no alarm', async () => {
  for (let round = 0; round < 5; round += 1) {
    const pair = await login(urlOf(round))
    const successors = await Promise.all(
      Array.from({ length: 50 }, (_, i) => successorBy.refresh(urlOf(i), pair.refresh)),
    )
    expect(new Set(successors).size).toBe(1)
    expect(await generationOf(pair.refresh)).toEqual({ generation: 1, revoked: null })
  }
})

test('any mixture of /refresh, /auto-refresh and the middleware returns the same successor to all', async () => {
  for (let round = 0; round < 5; round += 1) {
    const pair = await login(urlOf(round))
    const ways = Object.values(successorBy)
    const successors = await Promise.all(
      Array.from({ length: 48 }, async (_, i) =>
        ways[i % ways.length]?.(urlOf(i), pair.refresh, pair.access),
      ),
    )
    expect(new Set(successors).size).toBe(1)
    expect(successors[0]).not.toBe(pair.refresh)
    expect(await generationOf(pair.refresh)).toEqual({ generation: 1, revoked: null })
  }
})

test('a session ended on one process is refused on the other within 2 s', async () => {
  const seconds = await medianSeconds(async () => {
    const pair = await login(urlOf(0))
    expect((await me(urlOf(1), pair.access)).status).toBe(200)
    await call(urlOf(0), 'POST', '/api/v1/auth/logout', {
      headers: { authorization: `Bearer ${pair.access}` },
    })
    expect((await me(urlOf(0), pair.access)).code).toBe('access_token_revoked')
    expect((await refresh(urlOf(1), pair.refresh)).code).toBe('refresh_token_revoked')
    return async () => (await me(urlOf(1), pair.access)).code === 'access_token_revoked'
  })
  expect(seconds).toBeLessThan(2)
})
