import { createTestDatabase } from '@auto-refresh/test-engines'
import { expect, test } from 'vitest'
import { openBrowser } from './harness/open-browser.ts'
import { startEcho } from './harness/start-echo.ts'
import { startProxy } from './harness/start-proxy.ts'
import { startStandalone, temporaryFolder } from './harness/start-standalone.ts'
import { SHORT_LIVED } from './harness/token-lifetimes.ts'

test('a browser behind nginx stays signed in by navigation alone, and no script reads a token', async () => {
  await using cleanUp = new AsyncDisposableStack()
  const database = await createTestDatabase()
  cleanUp.defer(() => database.drop())
  const folder = await temporaryFolder()
  cleanUp.defer(() => folder.remove())
  const application = await startEcho()
  cleanUp.defer(async () => void (await application.close()))
  const password = 'correct horse battery'
  const env = { ...SHORT_LIVED, TRUSTED_PROXIES: '127.0.0.1', DEMO_USER_PASSWORD: password }
  const options = { dataDir: folder.path, databaseUrl: database.url, env }
  const system = await (await startStandalone(options)).ready()
  cleanUp.defer(async () => void (await system.stop()))
  const proxy = await startProxy('nginx', {
    authApi: system.ports.port,
    application: application.port,
  })
  cleanUp.defer(() => proxy.stop())
  const browser = await openBrowser()
  cleanUp.defer(() => browser.close())
  const context = await browser.newContext()
  const page = await context.newPage()
  const open = async (path: string) => {
    const response = await page.goto(`${proxy.url}${path}`)
    return `${response?.status()} ${await response?.text()}`
  }
  const accessCookie = async () =>
    (await context.cookies()).find(({ name }) => name.endsWith('access_token'))?.value

  expect(await open('/page')).toMatch(/^401 .*"access_token_/)
  await open('/public/')
  const signedIn = await page.evaluate(async (secret) => {
    const answer = await fetch('/api/v1/auth/token', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'admin', password: secret, transport: 'cookie' }),
    })
    return answer.status
  }, password)
  expect(signedIn).toBe(200)

  expect(await open('/page')).toMatch(/^200 .*"X-Auth-Username","admin"/)
  const first = await accessCookie()
  expect(first).toBeDefined()
  // The browser drops it after 3 s.
  await expect.poll(accessCookie).toBeUndefined()
  expect(await open('/other')).toMatch(/^200 .*"X-Auth-Username","admin"/)
  expect(await accessCookie()).not.toBe(first)

  const verify = () => fetch('/api/v1/auth/verify?refresh=cookie').then(({ status }) => status)
  expect(await page.evaluate(verify)).toBe(404)
  expect(await page.evaluate<string>('document.cookie')).toBe('')
  expect(await system.alarms()).toBe(0)
})
