import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase } from '@auto-refresh/test-engines'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startMain, type Running } from './testing/run-entry.ts'

let dataDir: string
let database: Awaited<ReturnType<typeof createTestDatabase>>
let running: Running
let sql: Client

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'forward-auth-'))
  database = await createTestDatabase()
  running = await startMain({ DATA_DIR: dataDir, DATABASE_URL: database.url })
  sql = new Client({ connectionString: database.url })
  await sql.connect()
})
afterAll(async () => {
  await running.end('SIGTERM')
  await sql.end()
  await database.drop()
  await rm(dataDir, { recursive: true })
})

const AUTH = '/api/v1/auth'
/** The cookies of a browser, which stores what a response sets and drops what it clears. */
type Jar = Map<string, string>
const toHeader = (jar: Jar) => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')

function store(jar: Jar, answer: Response): void {
  for (const cookie of answer.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
    if (value === '') jar.delete(name)
    else jar.set(name, value)
  }
}

async function signIn(): Promise<Jar> {
  const jar: Jar = new Map()
  const body = JSON.stringify({ username: 'admin', password: 'password', transport: 'cookie' })
  const headers = { 'content-type': 'application/json', 'x-auto-refresh': '1' }
  store(jar, await fetch(`${running.url}${AUTH}/token`, { method: 'POST', headers, body }))
  return jar
}

/** Asks as a proxy for a GET of the browser; `lost`: the browser does not receive the response. */
async function verify(jar: Jar, { query = '?refresh=cookie', lost = false } = {}) {
  const headers = { cookie: toHeader(jar), 'x-original-method': 'GET', 'user-agent': 'browser' }
  const answer = await fetch(`${running.url}${AUTH}/verify${query}`, { headers })
  if (!lost) store(jar, answer)
  const text = await answer.text()
  const { error } = (text === '' ? {} : JSON.parse(text)) as { error?: { code: string } }
  return {
    seen: error === undefined ? answer.status : `${answer.status} ${error.code}`,
    cookies: answer.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]),
    role: answer.headers.get('x-auth-role'),
    sessionId: answer.headers.get('x-auth-session'),
  }
}
const refreshTokenOf = (cookies: (string | undefined)[]) =>
  cookies.find((cookie) => cookie?.startsWith('refresh_token=') === true)

test('the first page after a sign-in is refreshed, and the next ones need no refresh', async () => {
  const jar = await signIn()
  expect((await verify(jar, { query: '' })).seen).toBe('401 access_token_missing')
  const first = await verify(jar, { query: '?refresh=cookie&role=admin' })
  expect([first.seen, first.role, first.cookies.length]).toEqual([200, 'admin', 2])
  for (const query of ['', '?role=admin', '?refresh=cookie'])
    expect(await verify(jar, { query })).toMatchObject({ seen: 200, cookies: [], role: 'admin' })
  expect((await verify(jar, { query: '?role=user' })).seen).toBe('403 forbidden')
})

test('a user without the role is refused before the cookie is used up', async () => {
  const jar = await signIn()
  for (const _ of [1, 2])
    expect(await verify(jar, { query: '?refresh=cookie&role=nobody' })).toMatchObject({
      seen: '403 forbidden',
      cookies: [],
    })
  expect((await verify(jar)).seen).toBe(200)
})

test('a hundred requests of a page with one cookie receive the same successor', async () => {
  const jar = await signIn()
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => verify(new Map(jar), { lost: true })),
  )
  expect(new Set(answers.map(({ seen }) => seen))).toEqual(new Set([200]))
  expect(new Set(answers.map(({ cookies }) => refreshTokenOf(cookies))).size).toBe(1)
})

test('a lost response is repeated', async () => {
  const jar = await signIn()
  const lost = await verify(jar, { lost: true })
  const repeated = await verify(jar)
  expect(repeated.seen).toBe(200)
  expect(refreshTokenOf(repeated.cookies)).toBe(refreshTokenOf(lost.cookies))
  expect((await verify(jar)).cookies).toEqual([])
})

test('a stolen cookie ends the session when its owner has used it, for the thief and the owner', async () => {
  const owner = await signIn()
  const thief: Jar = new Map(owner)
  const { sessionId } = await verify(owner)
  // As if two minutes had passed: the superseded cookie is outside the grace window.
  await sql.query(
    `update token_store.sessions set rotated_at = rotated_at - interval '2 minutes',
       mark_at = mark_at - interval '2 minutes' where id = $1`,
    [sessionId],
  )
  expect((await verify(thief)).seen).toBe('401 refresh_token_reused')
  expect((await verify(owner)).seen).toBe('401 access_token_revoked')
  owner.delete('access_token')
  expect((await verify(owner)).seen).toBe('401 refresh_token_revoked')
})

test('a logout clears both cookies, and copies of them are refused at once', async () => {
  const jar = await signIn()
  await verify(jar)
  const copy: Jar = new Map(jar)
  store(
    jar,
    await fetch(`${running.url}${AUTH}/logout`, {
      method: 'POST',
      headers: { cookie: toHeader(jar), 'x-auto-refresh': '1' },
    }),
  )
  expect(jar.size).toBe(0)
  expect((await verify(copy)).seen).toBe('401 access_token_revoked')
})

test('after the sign-in of another session the cookie of the earlier one does not count', async () => {
  const jar = await signIn()
  await verify(jar)
  const earlier = jar.get('access_token') ?? ''
  const next = await signIn()
  next.set('access_token', earlier)
  expect((await verify(next, { query: '' })).seen).toBe('401 access_token_missing')
  const refreshed = await verify(next)
  expect([refreshed.seen, refreshed.cookies.length]).toEqual([200, 2])
})
