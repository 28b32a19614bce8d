import { once } from 'node:events'
import { chmod, readdir, readFile, stat } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventually, findFreePort } from '@auto-refresh/test-engines'
import { call, login, me, retryUntilAnswered, refresh, toPair } from './harness/api.ts'
import { runOperation } from './harness/run-operation.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
const running: Standalone[] = []
const start = async (env: Record<string, string> = {}, ports?: Standalone['ports']) => {
  const system = await startStandalone({
    dataDir: folder.path,
    env,
    ...(ports === undefined ? {} : { ports }),
  })
  running.push(system)
  return system
}
beforeEach(async () => {
  folder = await temporaryFolder()
  await chmod(folder.path, 0o700)
})
afterEach(async () => {
  for (const system of running.splice(0)) await system.stop()
  await folder.remove()
})
/** A process that has ended but was not reaped (state Z) is not alive. */
async function isAlive(pid: number): Promise<boolean> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return line !== '' && !/\) Z /.test(line)
}
/** The pid of the embedded Postgres, from the postmaster.pid below the data folder. */
async function postgresPid(): Promise<number> {
  const files = await readdir(folder.path, { recursive: true })
  const file = files.find((name) => name.endsWith('postmaster.pid'))
  return file === undefined
    ? 0
    : Number((await readFile(join(folder.path, file), 'utf8')).split('\n', 1)[0])
}

test('in a folder of mode 0700 with a space in its path the first login works, and a second start has the same users, sessions and keys', async () => {
  const first = await (await start()).ready()
  const pair = await login(first.url)
  const keys = await (await fetch(`${first.url}/.well-known/jwks.json`)).json()
  expect((await first.stop()).code).toBe(0)
  expect(await postgresPid()).toBe(0)

  const second = await (await start({}, first.ports)).ready()
  expect(await (await fetch(`${second.url}/.well-known/jwks.json`)).json()).toEqual(keys)
  expect((await me(second.url, pair.access)).status).toBe(200)
  expect((await refresh(second.url, pair.refresh)).status).toBe(200)
})

test('no file with a key or a password is readable by other users', async () => {
  const system = await (await start()).ready()
  await system.stop()
  for (const name of await readdir(folder.path)) {
    const { mode } = await stat(join(folder.path, name))
    expect([name, mode & 0o077]).toEqual([name, 0])
  }
})

test('Ctrl-C, delivered twice as npm does, stops it cleanly and leaves no database behind', async () => {
  const system = await (await start()).ready()
  const database = await postgresPid()
  expect(await isAlive(database)).toBe(true)
  system.kill('SIGINT')
  system.kill('SIGINT')
  expect(await system.exited).toEqual({ code: 0, signal: null })
  expect(await isAlive(database)).toBe(false)
})

test('the same data folder cannot be opened twice, and the attempt disturbs nothing', async () => {
  const first = await (await start()).ready()
  const second = await start()
  const { code } = await second.exited
  expect(code).not.toBe(0)
  expect(second.output()).toMatch(/in use/i)
  expect(second.output().trim().split('\n').length).toBeLessThanOrEqual(3)
  expect(
    (
      await call(first.url, 'POST', '/api/v1/auth/token', {
        body: { username: 'admin', password: 'password' },
      })
    ).status,
  ).toBe(200)
})

test('the next start takes over the database that a kill -9 left running, and stops it at its end', async () => {
  const first = await (await start()).ready()
  const pair = await login(first.url)
  first.kill('SIGKILL')
  await first.exited
  const left = await postgresPid()
  expect(await isAlive(left)).toBe(true)

  const second = await (await start({}, first.ports)).ready()
  expect((await refresh(second.url, pair.refresh)).status).toBe(200)
  const current = await postgresPid()
  await second.stop()
  expect([await isAlive(left), await isAlive(current)]).toEqual([false, false])
})

test('a killed embedded database is restarted and no session is lost', async () => {
  const system = await (await start()).ready()
  const pair = await login(system.url)
  process.kill(await postgresPid(), 'SIGKILL')
  await eventually(
    async () => (await refresh(system.url, pair.refresh)).status !== 200,
    5000,
  ).catch(() => {})
  expect(
    toPair(await retryUntilAnswered(() => refresh(system.url, pair.refresh))).refresh,
  ).not.toBe(pair.refresh)
  expect(await system.alarms()).toBe(0)
})

describe('errors at the start are explained', () => {
  test('a port in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const system = await start({}, { port, adminPort: await findFreePort() })
    expect((await system.exited).code).toBe(1)
    other.close()
    expect(system.output()).toMatch(new RegExp(`${port}.*in use`, 'i'))
    expect(system.output()).not.toContain('    at ')
    expect(await postgresPid()).toBe(0)
  })

  test('wrong settings: all of them at once, exit code 78, without their values', async () => {
    const system = await start({
      ACCESS_TOKEN_EXPIRE_MINUTES: '0x10',
      REFRESH_GRACE_SECONDS: '301',
      REFRESH_TOKEN_KEYS: '1:c2VjcmV0',
      LOGIN_LIMIT: 'many',
      COOKIE_SECURE: 'maybe',
    })
    expect((await system.exited).code).toBe(78)
    for (const name of [
      'ACCESS_TOKEN_EXPIRE_MINUTES',
      'REFRESH_GRACE_SECONDS',
      'REFRESH_TOKEN_KEYS',
      'LOGIN_LIMIT',
      'COOKIE_SECURE',
    ])
      expect(system.output()).toContain(name)
    expect(system.output()).not.toContain('c2VjcmV0')
  })
})

describe('the demo user', () => {
  test('is named in the banner and refused for requests through a proxy or to another host name', async () => {
    const system = await (await start()).ready()
    expect(system.output()).toContain('admin / password')
    const body = { username: 'admin', password: 'password' }
    for (const headers of [
      { forwarded: 'for=192.0.2.1' },
      { 'x-forwarded-for': '192.0.2.1' },
      { 'x-forwarded-host': 'a.example' },
    ]) {
      expect((await call(system.url, 'POST', '/api/v1/auth/token', { body, headers })).code).toBe(
        'invalid_credentials',
      )
    }
    expect((await call(system.url, 'POST', '/api/v1/auth/token', { body })).status).toBe(200)
  })

  test('has the given password, which is never printed', async () => {
    const system = await (
      await start({ NODE_ENV: 'production', DEMO_USER_PASSWORD: 'quite another one' })
    ).ready()
    expect(
      (
        await call(system.url, 'POST', '/api/v1/auth/token', {
          body: { username: 'admin', password: 'quite another one' },
        })
      ).status,
    ).toBe(200)
    expect(
      (
        await call(system.url, 'POST', '/api/v1/auth/token', {
          body: { username: 'admin', password: 'password' },
        })
      ).code,
    ).toBe('invalid_credentials')
    expect(system.output()).not.toContain('quite another one')
  })

  test('does not exist in production without a given password', async () => {
    const system = await (await start({ NODE_ENV: 'production' })).ready()
    expect(
      (
        await call(system.url, 'POST', '/api/v1/auth/token', {
          body: { username: 'admin', password: 'password' },
        })
      ).code,
    ).toBe('invalid_credentials')
    expect(system.output()).toContain('DEMO_USER_PASSWORD')
  })
})

describe('npm run user', () => {
  const user = (args: string[], input = '') =>
    runOperation('user', { args, input, env: { DATA_DIR: folder.path } })

  test('adds, changes, lists, disables and enables users of a running system; a disabled user is signed out at once', async () => {
    const system = await (await start()).ready()
    expect(
      (await user(['add', 'ayu', '--role', 'editor', '--password-stdin'], 'correct horse battery'))
        .code,
    ).toBe(0)
    expect((await user(['add', 'ayu', '--password-stdin'], 'correct horse battery')).code).not.toBe(
      0,
    )
    const pair = await login(system.url, 'ayu', 'correct horse battery')
    expect((await me(system.url, pair.access)).data).toMatchObject({
      username: 'ayu',
      role: 'editor',
    })
    const list = await user(['list'])
    expect(list.output).toMatch(/ayu.*editor/)
    expect(list.output).toMatch(/admin/)

    expect((await user(['set-role', 'ayu', 'viewer'])).code).toBe(0)
    let renewed = pair
    // A process that cannot read its users yet uses the last known state.
    await eventually(async () => {
      renewed = toPair(await refresh(system.url, renewed.refresh))
      return (await me(system.url, renewed.access)).data?.['role'] === 'viewer'
    })

    expect((await user(['disable', 'ayu'])).code).toBe(0)
    expect((await refresh(system.url, renewed.refresh)).code).toBe('user_inactive')
    await eventually(
      async () => (await me(system.url, renewed.access)).code === 'access_token_revoked',
    )
    expect(
      (
        await call(system.url, 'POST', '/api/v1/auth/token', {
          body: { username: 'ayu', password: 'correct horse battery' },
        })
      ).code,
    ).toBe('invalid_credentials')

    expect((await user(['enable', 'ayu'])).code).toBe(0)
    const again = await login(system.url, 'ayu', 'correct horse battery')
    expect((await refresh(system.url, renewed.refresh)).status).toBe(401)
    expect(
      (await user(['set-password', 'ayu', '--password-stdin'], 'another horse battery')).code,
    ).toBe(0)
    expect((await refresh(system.url, again.refresh)).code).toBe('refresh_token_revoked')
    const last = await login(system.url, 'ayu', 'another horse battery')
    expect((await user(['revoke-sessions', 'ayu'])).code).toBe(0)
    expect((await refresh(system.url, last.refresh)).code).toBe('refresh_token_revoked')

    const ended = await login(system.url, 'ayu', 'another horse battery')
    const session = (action: string) =>
      runOperation('session', { args: [action, id], env: { DATA_DIR: folder.path } })
    const shown = (await user(['show', 'ayu'])).output
    const id = /^  (\S+)  refreshed/m.exec(shown)?.[1] ?? ''
    expect((await session('end')).code).toBe(0)
    expect((await refresh(system.url, ended.refresh)).code).toBe('refresh_token_revoked')
    expect((await session('show')).output).toMatch(/state +ended \S+: admin\n/)
    expect((await user(['erase', 'ayu'])).code).toBe(0)
    expect((await user(['list'])).output).not.toContain('ayu')
  })

  test('works while the system is stopped, and leaves nothing running', async () => {
    const first = await (await start()).ready()
    const pair = await login(first.url)
    await first.stop()
    expect((await user(['disable', 'admin'])).code).toBe(0)
    expect(await postgresPid()).toBe(0)
    const second = await (await start({}, first.ports)).ready()
    expect((await refresh(second.url, pair.refresh)).status).toBe(401)
    expect((await me(second.url, pair.access)).code).toBe('access_token_revoked')
  })

  test('prints its usage and what is wrong', async () => {
    const help = await user(['--help'])
    expect(help.code).toBe(0)
    for (const word of [
      'add',
      'disable',
      'enable',
      'set-role',
      'set-password',
      'revoke-sessions',
      'list',
      '--password-stdin',
    ])
      expect(help.output).toContain(word)
    expect((await user(['nonsense'])).code).toBe(2)
    expect((await user(['add'])).code).toBe(2)
  })
})
