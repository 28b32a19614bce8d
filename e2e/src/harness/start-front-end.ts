import type { AuthEvents, TokenManager } from '@auto-refresh/client'
import { createTestDatabase, eventually, findFreePort } from '@auto-refresh/test-engines'
import type { BrowserContext, Page } from 'playwright-core'
import { openBrowser } from './open-browser.ts'
import { startFaultyProxy } from './start-faulty-proxy.ts'
import { startStandalone, temporaryFolder } from './start-standalone.ts'

export const ME = '/api/v1/auth/me'
export const REFRESH = '/api/v1/auth/refresh'

/** The objects of `@auto-refresh/client` on the page below. */
export type Front = {
  manager: TokenManager
  ended: string[]
  errors: string[]
  refreshed: Array<AuthEvents['refreshed']>
}
declare global {
  var front: Front
}

/**
 * A page with only the client, loaded without a bundler. Its options are in the address, so that a
 * reload creates it again. `claimedSeconds`: the lifetime of access tokens that the page is told;
 * the server accepts them longer, so a refresh in time never depends on the speed of the machine.
 */
const PAGE = `<!doctype html><meta charset="utf-8"><title>Front end</title><link rel="icon" href="data:,">
<script type="module">
import { TokenManager, memoryStorage, webStorage } from '/playground/client/index.ts'
const { storage, claimedSeconds, ...options } = JSON.parse(decodeURIComponent(location.search.slice(1)))
const claimLifetime = async (...request) => {
  const response = await globalThis.fetch(...request)
  if (!response.ok || !/\\/auth\\/(token|refresh)$/.test(response.url)) return response
  const answer = await response.json()
  return Response.json({ ...answer, data: { ...answer.data, expires_in: claimedSeconds } })
}
const kinds = {
  memory: memoryStorage,
  local: () => webStorage(localStorage),
  session: () => webStorage(sessionStorage),
}
const manager = new TokenManager({
  ...options,
  storage: kinds[storage ?? 'local'](),
  ...(claimedSeconds && { fetch: claimLifetime }),
})
const front = globalThis.front = { manager, ended: [], errors: [], refreshed: [] }
manager.on('session-ended', ({ reason }) => front.ended.push(reason))
manager.on('error', ({ code }) => front.errors.push(code))
manager.on('refreshed', (event) => front.refreshed.push(event))
</script>`

type Options = {
  baseURL: string
  transport?: 'body' | 'cookie'
  storage?: 'memory' | 'local' | 'session'
  claimedSeconds?: number
}
type Settings = {
  env: Record<string, string>
  pageCache?: boolean
  pages?: Record<string, { type: string; body: string }>
}
export type FrontEnd = Awaited<ReturnType<typeof startFrontEnd>>
export type Tab = Awaited<ReturnType<FrontEnd['openTab']>>

/**
 * The whole product behind two faulty proxies, and a browser: `home` serves the pages and forwards
 * the rest (page and API on one origin); `api` is the API on another origin, which allows `home`.
 */
export async function startFrontEnd({ env, pageCache = false, pages = {} }: Settings) {
  await using cleanUp = new AsyncDisposableStack()
  const ports = { port: await findFreePort(), adminPort: await findFreePort() }
  const target = `http://127.0.0.1:${ports.port}`
  const home = await startFaultyProxy(target, {
    '/front': { type: 'text/html', body: PAGE },
    ...pages,
  })
  cleanUp.defer(async () => void (await home.close()))
  const api = await startFaultyProxy(target)
  cleanUp.defer(async () => void (await api.close()))
  const database = await createTestDatabase()
  cleanUp.defer(database.drop)
  const folder = await temporaryFolder()
  cleanUp.defer(folder.remove)
  const system = await startStandalone({
    dataDir: folder.path,
    databaseUrl: database.url,
    ports,
    env: { CORS_ALLOWED_ORIGINS: home.url, LOG_LEVEL: 'info', ...env },
  })
  cleanUp.defer(async () => void (await system.stop()))
  const browser = await openBrowser({ pageCache })
  cleanUp.defer(browser.close)
  await system.ready()
  const running = cleanUp.move()

  /** Refreshes counted by the server, by outcome, and the sessions that it ended as stolen. */
  async function count() {
    const text = await (await fetch(`${system.adminUrl}/metrics`)).text()
    const sum = (outcome: string) =>
      [
        ...text.matchAll(
          new RegExp(`^auth_refreshes_total\\{.*outcome="${outcome}".*\\} (\\d+)$`, 'gm'),
        ),
      ].reduce((total, [, value]) => total + Number(value), 0)
    return {
      rotated: sum('rotated'),
      replayed: sum('replayed'),
      reused: sum('reused'),
      alarms: await system.alarms(),
    }
  }

  /**
   * Refreshes that pages have started on another origin's API since the last `forget`; retries with
   * the same key count once.
   */
  const renewals = () =>
    new Set(api.of(REFRESH).map(({ headers }) => headers['idempotency-key'])).size

  async function openTab(context: BrowserContext, options: Options) {
    const page = await context.newPage()
    await page.goto(`${home.url}/front?${encodeURIComponent(JSON.stringify(options))}`)
    return toTab(page)
  }

  return {
    home,
    api,
    system,
    browser,
    newContext: browser.newContext,
    openTab,
    count,
    renewals,
    /** Resets the counts. */
    async watch() {
      const before = await count()
      return async () => {
        const now = await count()
        return {
          rotated: now.rotated - before.rotated,
          replayed: now.replayed - before.replayed,
          reused: now.reused - before.reused,
          alarms: now.alarms - before.alarms,
        }
      }
    },
    close: () => running.disposeAsync(),
  }
}

function toTab(page: Page) {
  const look = () =>
    page.evaluate(() => ({
      ...front.manager.session,
      accessToken: front.manager.accessToken,
      refreshToken: front.manager.refreshToken,
      ended: front.ended,
      errors: front.errors,
      refreshed: front.refreshed.length,
    }))
  return {
    page,
    look,
    signIn: () => page.evaluate(async () => void (await front.manager.login('admin', 'password'))),
    request: (url = '/api/v1/auth/me') =>
      page.evaluate(async (to) => (await front.manager.request(to)).status, url),
    refresh: () =>
      page.evaluate(async () => (await front.manager.refreshTokens()).data.access_token),
    /** Stops its timer, like a page that was suspended. */
    stopTimer: () => page.evaluate(() => front.manager.dispose()),
    expired: () => eventually(async () => (await look()).expiresInMs === 0),
  }
}
