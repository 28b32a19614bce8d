import { createTestDatabase, eventually } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askRaw } from './harness/ask-raw.ts'
import { openWebSocket } from './harness/open-web-socket.ts'
import { runOperation } from './harness/run-operation.ts'
import { startEcho, valuesOf } from './harness/start-echo.ts'
import { PROXIES, startProxy } from './harness/start-proxy.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'
import { LONG_LIVED } from './harness/token-lifetimes.ts'

/** The samples of deploy/forward-auth in their real proxies, before the real product. */
const PASSWORD = 'correct horse battery'
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let application: Awaited<ReturnType<typeof startEcho>>
let system: Standalone

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  application = await startEcho()
  const env = {
    ...LONG_LIVED,
    TRUSTED_PROXIES: '127.0.0.1',
    DEMO_USER_PASSWORD: PASSWORD,
    REFRESH_LIMIT: 'off',
  }
  const options = { dataDir: folder.path, databaseUrl: database.url, env }
  system = await (await startStandalone(options)).ready()
  await runOperation('user', {
    args: ['add', 'ayu', '--role', 'viewer', '--password-stdin'],
    input: PASSWORD,
    env: { DATA_DIR: folder.path, DATABASE_URL: database.url },
  })
})
afterAll(async () => {
  await system.stop()
  await application.close()
  await folder.remove()
  await database.drop()
})

describe.each(PROXIES)('%s', (engine) => {
  let proxy: Awaited<ReturnType<typeof startProxy>>
  beforeAll(async () => {
    const ports = { authApi: system.ports.port, application: application.port }
    proxy = await startProxy(engine, ports)
  })
  afterAll(() => proxy.stop())

  /** A browser with its cookies. `forget` removes one, as its Max-Age does. */
  async function signIn(username: string) {
    const cookies = new Map<string, string>()
    const ask = async (path: string, method = 'GET', headers: string[] = [], body?: string) => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await askRaw(proxy.url, path, {
        method,
        headers: [...(cookie === '' ? [] : ['Cookie', cookie]), ...headers],
        ...(body === undefined ? {} : { body }),
      })
      for (const line of answer.all('set-cookie')) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (value === '') cookies.delete(name)
        else cookies.set(name, value)
      }
      return answer
    }
    const own = ['Content-Type', 'application/json', 'Origin', proxy.url]
    const body = { username, password: PASSWORD, transport: 'cookie' }
    const answer = await ask('/api/v1/auth/token', 'POST', own, JSON.stringify(body))
    expect(answer.status).toBe(200)
    return { ask, cookies, forget: (name: string) => cookies.delete(name) }
  }

  test('a page opened by navigation knows its user, and a new access token comes as a cookie', async () => {
    const { ask, cookies, forget } = await signIn('admin')
    const first = cookies.get('refresh_token')
    const page = await ask('/page?cookies=1')
    expect(page.status).toBe(200)
    expect(valuesOf(page.json().headers, 'x-auth-username')).toEqual(['admin'])
    expect(valuesOf(page.json().headers, 'x-auth-role')).toEqual(['admin'])
    expect(page.all('set-cookie')).toHaveLength(3)
    expect(page.all('cache-control')).toEqual(['no-store, private'])
    expect(cookies.has('access_token')).toBe(true)
    expect(cookies.get('refresh_token')).not.toBe(first)

    // The cookie with the access token is enough for the next ones.
    expect((await ask('/page')).all('set-cookie')).toEqual([])
    forget('access_token')
    const failed = await ask('/page?status=500')
    expect([failed.status, failed.all('set-cookie').length]).toEqual([500, 2])
    expect((await ask('/page')).status).toBe(200)
  })

  test('twenty requests at once with one cookie get one successor', async () => {
    const { ask } = await signIn('admin')
    const before = await system.alarms()
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/page')))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20)
    const tokens = answers.flatMap((answer) =>
      answer.all('set-cookie').filter((line) => line.startsWith('refresh_token=')),
    )
    expect(tokens).not.toEqual([])
    expect(new Set(tokens.map((line) => line.split(';')[0])).size).toBe(1)
    expect((await ask('/page')).status).toBe(200)
    expect(await system.alarms()).toBe(before)
  })

  test('a foreign page can neither write nor open a WebSocket with the cookies', async () => {
    const { ask, cookies } = await signIn('admin')
    await ask('/page')
    const post = async (headers: string[]) => {
      const answer = await ask('/page', 'POST', headers, 'a body')
      return [answer.status, answer.status === 200 ? answer.json().body : 'refused']
    }
    expect(await post([])).toEqual([403, 'refused'])
    expect(await post(['Origin', 'https://evil.example'])).toEqual([403, 'refused'])
    expect(await post(['X-Forwarded-Method', 'GET'])).toEqual([403, 'refused'])
    expect(await post(['Connection', 'close, X-Forwarded-Method'])).toEqual([403, 'refused'])
    expect(await post(['Origin', proxy.url])).toEqual([200, 'a body'])
    const cookie = `Cookie: ${[...cookies].map((pair) => pair.join('=')).join('; ')}`
    const open = async (origin: string) =>
      (await openWebSocket(proxy.port, [cookie, `Origin: ${origin}`])).status
    expect(await open('https://evil.example')).toBe(403)
    expect(await open(proxy.url)).toBe(101)
  })

  test('/admin is for administrators', async () => {
    expect((await (await signIn('admin')).ask('/admin')).status).toBe(200)
    const { ask } = await signIn('ayu')
    expect((await ask('/page')).status).toBe(200)
    expect((await ask('/admin')).status).toBe(403)
  })

  test('without a user, and after sign-out, a page is a 401', async () => {
    const nobody = await askRaw(proxy.url, '/page')
    expect([nobody.status, nobody.all('www-authenticate')]).toEqual([401, ['Bearer']])
    const { ask, cookies } = await signIn('admin')
    await ask('/page')
    const copy = [...cookies].map((pair) => pair.join('=')).join('; ')
    await ask('/api/v1/auth/logout', 'POST', ['Origin', proxy.url], '')
    await eventually(
      async () => (await askRaw(proxy.url, '/page', { headers: ['Cookie', copy] })).status === 401,
    )
  })
})
