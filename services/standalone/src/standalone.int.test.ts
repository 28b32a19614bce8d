import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findEmbeddedPostgres, openEmbeddedPostgres } from '@auto-refresh/embedded-postgres'
import { PRODUCT_VERSION } from '@auto-refresh/service-kit/config'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from '@auto-refresh/test-engines'
import { runEntry, startMain, type Running } from './testing/run-entry.ts'

type Answer = {
  status: number
  data: { access_token: string; refresh_token: string } | null
  error?: { code: string }
}

let dataDir: string
const started: Running[] = []

beforeEach(async () => {
  dataDir = join(await mkdtemp(join(tmpdir(), 'standalone-')), 'my data')
})
afterEach(async () => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL')
  if ((await findEmbeddedPostgres({ dataDir })) !== undefined)
    await (await openEmbeddedPostgres({ dataDir, log: () => {} })).stop()
  await rm(join(dataDir, '..'), { recursive: true })
})

async function start(environment: NodeJS.ProcessEnv = {}): Promise<Running> {
  const running = await startMain({ DATA_DIR: dataDir, ...environment })
  started.push(running)
  return running
}
const user = (args: string[], input?: string) =>
  runEntry('operations/cli.ts', {
    args: ['user', ...args],
    environment: { DATA_DIR: dataDir },
    ...(input === undefined ? {} : { input }),
  })

/** Repeats the request while the server answers 503, as every client does. */
async function post({ url }: Running, path: string, body: object): Promise<Answer> {
  const response = await eventually(async () => {
    const answer = await fetch(`${url}/api/v1/auth/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return answer.status !== 503 && answer
  }, 30_000)
  return (await response.json()) as Answer
}
const signIn = (running: Running, username = 'admin', password = 'password') =>
  post(running, 'token', { username, password })
const refresh = (running: Running, signedIn: Answer) =>
  post(running, 'refresh', { refresh_token: signedIn.data?.refresh_token })

test('after a stop nothing is running, and the next start has the same users, sessions and keys', async () => {
  const first = await start()
  expect(first.output()).toContain(`\n  Auto Refresh Token ${PRODUCT_VERSION} is ready\n`)
  const signedIn = await signIn(first)
  expect(signedIn.status).toBe(200)
  expect(await first.end('SIGTERM')).toBe(0)
  expect(await findEmbeddedPostgres({ dataDir })).toBeUndefined()
  const second = await start()
  expect(await refresh(second, signedIn)).toMatchObject({ status: 200 })
  expect(await second.end('SIGINT')).toBe(0)
})

test('a closed terminal stops it and leaves nothing running, even with libpq variables for another server', async () => {
  const foreign = {
    PGHOST: 'db.invalid',
    PGPORT: '1',
    PGUSER: 'x',
    PGPASSWORD: 'x',
    PGDATABASE: 'x',
    PGSSLMODE: 'require',
    PGSSLNEGOTIATION: 'direct',
    PGOPTIONS: '-c nonsense=1',
  }
  const running = await start(foreign)
  expect((await signIn(running)).status).toBe(200)
  // Its output has no reader any more.
  running.child.stdout?.destroy()
  running.child.stderr?.destroy()
  expect(await running.end('SIGHUP')).toBe(0)
  expect(await findEmbeddedPostgres({ dataDir })).toBeUndefined()
})

test('after kill -9 the next start takes over the database and keeps every session', async () => {
  const first = await start()
  const signedIn = await signIn(first)
  await first.end('SIGKILL')
  const left = await findEmbeddedPostgres({ dataDir })
  expect(left).toBeDefined()
  const second = await start()
  expect(await findEmbeddedPostgres({ dataDir })).toEqual(left)
  expect(await refresh(second, signedIn)).toMatchObject({ status: 200 })
})

test('the same directory cannot be opened twice, and the attempt does not disturb the first process', async () => {
  const first = await start()
  const second = await runEntry('main.ts', { environment: { DATA_DIR: dataDir } })
  expect(second).toMatchObject({
    code: 1,
    stderr: `The DATA_DIR ${dataDir} is in use by another process\n`,
  })
  expect(await signIn(first)).toMatchObject({ status: 200 })
})

test('a port in use is reported in one line, before anything is created', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const address = other.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const ended = await runEntry('main.ts', {
    environment: { DATA_DIR: dataDir, PORT: String(port) },
  })
  other.close()
  expect(ended).toEqual({
    code: 1,
    stdout: '',
    stderr: `Port ${port} is in use: stop what listens there, or set PORT and ADMIN_PORT\n`,
  })
  expect(await findEmbeddedPostgres({ dataDir })).toBeUndefined()
})

test('wrong settings end it with 78 and are all reported, without values', async () => {
  const { code, stderr } = await runEntry('main.ts', {
    environment: { DATA_DIR: dataDir, SESSION_LIMIT: 'none', USERNAME_HASH_KEY: 'my-secret' },
  })
  expect([code, stderr]).toEqual([
    78,
    expect.stringMatching(/SESSION_LIMIT[^]*USERNAME_HASH_KEY|USERNAME_HASH_KEY[^]*SESSION_LIMIT/),
  ])
  expect(stderr).not.toContain('my-secret')
})

test('in production there is no demo user without a given password, which is never printed', async () => {
  const open = await start({ NODE_ENV: 'production' })
  expect(await signIn(open)).toMatchObject({ status: 401 })
  await open.end('SIGTERM')
  const given = await start({ NODE_ENV: 'production', DEMO_USER_PASSWORD: 'correct horse battery' })
  expect(await signIn(given, 'admin', 'correct horse battery')).toMatchObject({ status: 200 })
  expect(given.output()).not.toContain('correct horse battery')
})

test('two servers on one port are a wrong setting, and so is a DATA_DIR that is a file', async () => {
  expect(
    await runEntry('main.ts', {
      environment: { DATA_DIR: dataDir, PORT: '8000', ADMIN_PORT: '8000' },
    }),
  ).toMatchObject({ code: 78, stderr: expect.stringContaining('ADMIN_PORT is the same as PORT') })
  expect(await runEntry('main.ts', { environment: { DATA_DIR: process.execPath } })).toMatchObject({
    code: 78,
    stderr: expect.stringContaining('DATA_DIR cannot be used (ENOTDIR)'),
  })
})

test('the banner describes an existing demo user: its password is refused in production, or was changed', async () => {
  await (await start()).end('SIGTERM')
  const open = await start({ NODE_ENV: 'production' })
  expect(await signIn(open)).toMatchObject({ status: 401 })
  expect(open.output()).toContain('is refused here')
  expect(
    await user(['set-password', 'admin', '--password-stdin'], 'correct horse battery'),
  ).toMatchObject({ code: 0 })
  await open.end('SIGTERM')
  const last = await start()
  expect(last.output()).toContain('admin / the password that was set last')
  expect(await signIn(last, 'admin', 'correct horse battery')).toMatchObject({ status: 200 })
})

test('the user command works beside a running standalone: a disabled user is signed out at once', async () => {
  const running = await start()
  expect(await user(['add', 'ada', '--password-stdin'], 'correct horse battery\n')).toEqual({
    code: 0,
    stdout: 'ada was added with the role user\n',
    stderr: '',
  })
  const signedIn = await signIn(running, 'ada', 'correct horse battery')
  expect(signedIn).toMatchObject({ status: 200 })
  expect(await user(['disable', 'ada'])).toMatchObject({ code: 0 })
  expect(await refresh(running, signedIn)).toMatchObject({ status: 401 })
  const me = async () =>
    (
      await fetch(`${running.url}/api/v1/auth/me`, {
        headers: { authorization: `Bearer ${signedIn.data?.access_token}` },
      })
    ).status
  await expect.poll(me).toBe(401)
  expect(await signIn(running, 'ada', 'correct horse battery')).toMatchObject({ status: 401 })
})

test('the user command works without a running standalone, in an empty directory, and leaves nothing running', async () => {
  expect(
    await user(['add', 'ada', '--role', 'admin', '--password-stdin'], 'correct horse battery'),
  ).toMatchObject({ code: 0 })
  expect(await user(['add', 'ada', '--password-stdin'], 'another horse battery')).toMatchObject({
    code: 1,
    stderr: 'There is a user ada already\n',
  })
  expect((await user(['list'])).stdout).toMatch(/^ada +admin +active /m)
  expect(await user(['disable', 'bob'])).toMatchObject({
    code: 1,
    stderr: 'There is no user bob\n',
  })
  expect(await user(['frob'])).toMatchObject({ code: 2 })
  expect(await user(['--help'])).toMatchObject({ code: 0, stderr: '' })
  expect(await findEmbeddedPostgres({ dataDir })).toBeUndefined()
  const running = await start()
  expect(await signIn(running, 'ada', 'correct horse battery')).toMatchObject({ status: 200 })
})

test('one Ctrl-C that arrives twice, from the terminal and npm, is one clean stop', async () => {
  const running = await start()
  const ended = once(running.child, 'exit')
  running.child.kill('SIGINT')
  running.child.kill('SIGINT')
  await ended
  expect(running.child.exitCode).toBe(0)
  expect(await findEmbeddedPostgres({ dataDir })).toBeUndefined()
})
