import { createTestDatabase } from '@auto-refresh/local-engines'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, login, me, refresh, toPair } from './api.ts'
import { letPass } from './eventually.ts'
import { startStandalone, temporaryFolder, type Standalone } from './start-standalone.ts'

/** Two processes on one database: whatever is shared is shared through Postgres. Every access token is due after a second. */
const systems: Standalone[] = []
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let sql: Client

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  const env = { ACCESS_TOKEN_EXPIRE_MINUTES: '1', AUTO_REFRESH_THRESHOLD: '59' }
  for (const _ of [1, 2]) systems.push(await (await startStandalone({ dataDir: folder.path, databaseUrl: database.url, env })).ready())
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
  const bytes = Buffer.from(token.slice(4, 100), 'base64url')
  const { rows } = await sql.query<{ generation: string; revoke_reason: string | null }>('select generation, revoke_reason from token_store.sessions where id = $1', [bytes.subarray(2, 18).toString('hex')])
  return { generation: Number(rows[0]?.generation), revoked: rows[0]?.revoke_reason }
}

test('50 refreshes of one token at once, over two processes: one successor, all 200, no alarm', async () => {
  for (let round = 0; round < 5; round += 1) {
    const pair = await login(urlOf(round))
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => refresh(urlOf(i), pair.refresh)))
    expect(answers.map((answer) => answer.status)).toEqual(Array(50).fill(200))
    expect(new Set(answers.map((answer) => toPair(answer).refresh)).size).toBe(1)
    expect(await generationOf(pair.refresh)).toEqual({ generation: 1, revoked: null })
  }
})

test('any mixture of /refresh, /auto-refresh and the middleware gives everyone the one successor', async () => {
  for (let round = 0; round < 5; round += 1) {
    const pair = await login(urlOf(round))
    await letPass(1.1)
    const answers = await Promise.all(
      Array.from({ length: 48 }, (_, i) => {
        if (i % 3 === 0) return refresh(urlOf(i), pair.refresh)
        if (i % 3 === 1) return call(urlOf(i), 'POST', '/api/v1/auth/auto-refresh', { body: { refresh_token: pair.refresh } })
        return me(urlOf(i), pair.access, { 'x-refresh-token': pair.refresh })
      }),
    )
    expect(answers.map((answer) => answer.status)).toEqual(Array(48).fill(200))
    const successors = answers.map((answer, i) => (i % 3 === 2 ? answer.headers.get('x-new-refresh-token') : toPair(answer).refresh))
    expect(new Set(successors).size).toBe(1)
    expect(successors[0]).not.toBe(pair.refresh)
    expect(await generationOf(pair.refresh)).toEqual({ generation: 1, revoked: null })
  }
})

test('a session that is ended on one process is refused on the other within 2 s', async () => {
  const pair = await login(urlOf(0))
  expect((await me(urlOf(1), pair.access)).status).toBe(200)
  await call(urlOf(0), 'POST', '/api/v1/auth/logout', { headers: { authorization: `Bearer ${pair.access}` } })
  expect((await me(urlOf(0), pair.access)).code).toBe('access_token_revoked')
  const answeredAt = performance.now()
  while ((await me(urlOf(1), pair.access)).status === 200) expect(performance.now() - answeredAt).toBeLessThan(2000)
  expect((await me(urlOf(1), pair.access)).code).toBe('access_token_revoked')
  expect((await refresh(urlOf(1), pair.refresh)).code).toBe('refresh_token_revoked')
})
