import { createTestDatabase, eventually } from '@auto-refresh/test-engines'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ageSession } from './harness/age-session.ts'
import { call, login, me, retryUntilAnswered, refresh, toPair } from './harness/api.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'
import { ALWAYS_DUE } from './harness/token-lifetimes.ts'

const CANARY = 'canary-correct-horse-battery'
let system: Standalone
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let sql: Client
/** Everything that must never appear outside of a response. */
const secrets = new Set<string>([CANARY])
const answers: string[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  const env = {
    LOG_LEVEL: 'trace',
    DEBUG_AUTO_REFRESH: 'true',
    DEMO_USER_PASSWORD: CANARY,
    ...ALWAYS_DUE,
  }
  system = await (
    await startStandalone({ dataDir: folder.path, databaseUrl: database.url, env })
  ).ready()
  sql = new Client({ connectionString: database.url })
  await sql.connect()
  await useEverything()
})
afterAll(async () => {
  await sql.end()
  await system.stop()
  await folder.remove()
  await database.drop()
})

function keep(...tokens: string[]) {
  for (const token of tokens) {
    secrets.add(token)
    // The secret parts of a token: MAC and nonce of a refresh token, the signature of a JWT.
    if (token.startsWith('art_')) {
      const bytes = Buffer.from(token.slice(4, 100), 'base64url')
      for (const part of [bytes.subarray(24, 40), bytes.subarray(40)])
        for (const encoding of ['hex', 'base64', 'base64url'] as const)
          secrets.add(part.toString(encoding))
    } else secrets.add(token.split('.')[2] ?? token)
  }
}

async function useEverything() {
  const pair = await login(system.url, 'admin', CANARY)
  keep(pair.access, pair.refresh)
  let renewed = await me(system.url, pair.access)
  await eventually(async () => {
    renewed = await me(system.url, pair.access, { 'x-refresh-token': pair.refresh })
    return renewed.headers.get('x-token-refreshed') === 'true'
  })
  const second = {
    access: renewed.headers.get('x-new-access-token') ?? '',
    refresh: renewed.headers.get('x-new-refresh-token') ?? '',
  }
  keep(second.access, second.refresh)
  const third = toPair(
    await refresh(system.url, second.refresh, { 'idempotency-key': 'canary-attempt' }),
  )
  keep(third.access, third.refresh)
  const cookie = await call(system.url, 'POST', '/api/v1/auth/token', {
    body: { username: 'admin', password: CANARY, transport: 'cookie' },
    headers: { 'x-auto-refresh': '1' },
  })
  const cookieToken =
    /refresh_token=([^;]+)/.exec(cookie.headers.get('set-cookie') ?? '')?.[1] ?? ''
  keep(cookieToken)
  expect(cookie.text).not.toContain(cookieToken)
  const attempts = [
    () =>
      call(system.url, 'POST', '/api/v1/auth/token', {
        body: { username: CANARY, password: 'wrong' },
      }),
    () =>
      call(system.url, 'POST', '/api/v1/auth/token', {
        body: { username: 'admin', password: `${CANARY}x` },
      }),
    () =>
      call(system.url, 'POST', '/api/v1/auth/token', {
        body: { username: 'admin', password: { nested: CANARY } },
      }),
    () =>
      call(system.url, 'POST', '/api/v1/auth/refresh', {
        body: { refresh_token: `${third.refresh}x` },
      }),
    () => call(system.url, 'POST', `/api/v1/auth/refresh?token=${third.refresh}`, { body: {} }),
    () => call(system.url, 'POST', '/api/v1/auth/refresh', { body: { [CANARY]: third.refresh } }),
    () =>
      call(system.url, 'POST', '/api/v1/auth/refresh', {
        headers: { cookie: `refresh_token=${cookieToken}` },
      }),
    () => me(system.url, `${third.access}x`),
    () => me(system.url, third.refresh),
    () =>
      call(system.url, 'POST', '/api/v1/auth/logout', { body: { refresh_token: third.access } }),
  ]
  for (const answer of await Promise.all(attempts.map((attempt) => retryUntilAnswered(attempt)))) {
    expect(answer.status).toBeGreaterThanOrEqual(400)
    answers.push(answer.text)
  }
  await ageSession(database.url, pair.refresh)
  expect((await refresh(system.url, pair.refresh)).code).toBe('refresh_token_reused')
  // The last event of the run.
  await eventually(
    async () =>
      (
        await sql.query(
          `select 1 from cleanup.audit_events where type = 'session.reuse-detected.v1'`,
        )
      ).rowCount === 1,
  )
}

function findSecrets(text: string): string[] {
  return [...secrets].filter((secret) => text.includes(secret))
}

test('no log at any level and no error contains a token, password, cookie or key', async () => {
  expect(system.output().length).toBeGreaterThan(1000)
  expect(findSecrets(system.output())).toEqual([])
  expect(findSecrets(answers.join('\n'))).toEqual([])
})

test('the metrics contain no token or password', async () => {
  expect(findSecrets(await (await fetch(`${system.adminUrl}/metrics`)).text())).toEqual([])
})

test('no schema of the database contains anything that gives a live token', async () => {
  const tables = await sql.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname in ('auth_api', 'token_store', 'cleanup')`,
  )
  expect(tables.rows.length).toBeGreaterThan(8)
  for (const { name } of tables.rows) {
    const { rows } = await sql.query<{ row: string }>(
      `select to_jsonb(t)::text as row from ${name} t`,
    )
    expect([name, findSecrets(rows.map((row) => row.row).join('\n'))]).toEqual([name, []])
  }
})
