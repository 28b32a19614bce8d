import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { AxiosInstance, AxiosStatic } from 'axios'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { eventually } from '@auto-refresh/test-engines'
import { ME, type FrontEnd } from './harness/start-front-end.ts'
import { withFrontEnd, type Given } from './harness/with-front-end.ts'

/**
 * Front ends that behave like the guide's two, in a browser: the same calls, headers and storage
 * keys, without single-flight.
 */
type Pair = { access_token: string; refresh_token: string }
type GuideManager = {
  login(name: string, password: string): Promise<void>
  request(url: string): Promise<Response>
  refreshTokens(): Promise<void>
  logout(): void
}
declare global {
  var axios: AxiosStatic
  var guide: GuideManager
  var guideApi: AxiosInstance
}

/** The default grace window of 60 s, which clients without single-flight need. */
const SYSTEMS = {
  /** A token lives half an hour: none is due. */
  fresh: {},
  /** A token is due a millisecond after it was issued and lives 3 s. */
  due: { ACCESS_TOKEN_EXPIRE_MINUTES: '0.05', AUTO_REFRESH_THRESHOLD: '2.999' },
}
const AXIOS = readFileSync(
  join(dirname(createRequire(import.meta.url).resolve('axios/package.json')), 'dist/axios.min.js'),
  'utf8',
)
const PAGE =
  '<!doctype html><meta charset="utf-8"><title>Guide</title>' +
  '<link rel="icon" href="data:,"><script src="/axios.js"></script>'

const PAGES = {
  '/guide': { type: 'text/html', body: PAGE },
  '/login': { type: 'text/html', body: PAGE },
  '/axios.js': { type: 'text/javascript', body: AXIOS },
}

function installManager(baseURL: string) {
  let access = localStorage.getItem('access_token')
  let refresh = localStorage.getItem('refresh_token')
  const keep = (pair: Pair) => {
    access = pair.access_token
    refresh = pair.refresh_token
    localStorage.setItem('access_token', access)
    localStorage.setItem('refresh_token', refresh)
  }
  const post = async (path: string, body: object) => {
    const response = await fetch(`${baseURL}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path} failed`)
    keep(((await response.json()) as { data: Pair }).data)
  }
  globalThis.guide = {
    login: (username, password) => post('/api/v1/auth/token', { username, password }),
    async request(url) {
      const response = await fetch(url, {
        headers: { Authorization: `Bearer ${access}`, 'X-Refresh-Token': String(refresh) },
      })
      const [access_token, refresh_token] = [
        response.headers.get('X-New-Access-Token'),
        response.headers.get('X-New-Refresh-Token'),
      ]
      if (
        response.headers.get('X-Token-Refreshed') === 'true' &&
        access_token !== null &&
        refresh_token !== null
      )
        keep({ access_token, refresh_token })
      return response
    },
    refreshTokens: () => post('/api/v1/auth/auto-refresh', { refresh_token: refresh }),
    logout() {
      access = refresh = null
      localStorage.removeItem('access_token')
      localStorage.removeItem('refresh_token')
    },
  }
}

/**
 * `refreshURL` is the URL of the interceptor's own refresh: in the guide a path of the page's
 * origin.
 */
function installInterceptors({ baseURL, refreshURL }: { baseURL: string; refreshURL: string }) {
  const keep = ({ access_token, refresh_token }: Pair) => {
    localStorage.setItem('access_token', access_token)
    localStorage.setItem('refresh_token', refresh_token)
  }
  const api = (globalThis.guideApi = axios.create({ baseURL }))
  api.interceptors.request.use((config) => {
    const [access, refresh] = [
      localStorage.getItem('access_token'),
      localStorage.getItem('refresh_token'),
    ]
    if (access !== null) config.headers['Authorization'] = `Bearer ${access}`
    if (refresh !== null) config.headers['X-Refresh-Token'] = refresh
    return config
  })
  api.interceptors.response.use(
    (response) => {
      const { headers } = response as { headers: Record<string, string | undefined> }
      const [access_token, refresh_token] = [
        headers['x-new-access-token'],
        headers['x-new-refresh-token'],
      ]
      if (
        headers['x-token-refreshed'] === 'true' &&
        access_token !== undefined &&
        refresh_token !== undefined
      )
        keep({ access_token, refresh_token })
      return response
    },
    async (error: {
      response?: { status: number }
      config: { headers: Record<string, string> }
    }) => {
      const refresh_token = localStorage.getItem('refresh_token')
      if (error.response?.status !== 401 || refresh_token === null) throw error
      try {
        const { data } = await axios.post<{ data: Pair }>(refreshURL, { refresh_token })
        keep(data.data)
        error.config.headers['Authorization'] = `Bearer ${data.data.access_token}`
        return await axios.request(error.config)
      } catch (refused) {
        localStorage.clear()
        location.href = '/login'
        throw refused
      }
    },
  )
}

const SIDES = [
  ['one origin', 'home'],
  ['two origins', 'api'],
] as const
const ask = (tab: Page, url: string) =>
  tab.evaluate(
    (to) => Promise.all(Array.from({ length: 6 }, async () => (await guide.request(to)).status)),
    url,
  )
const askByAxios = (tab: Page) =>
  tab.evaluate(
    (path) => Promise.all(Array.from({ length: 6 }, async () => (await guideApi.get(path)).status)),
    ME,
  )
const stored = (tab: Page) => tab.evaluate(() => localStorage.getItem('refresh_token'))
/**
 * How long ago the stored access token expired, in milliseconds by this machine's clock; negative
 * while it is live.
 */
const expiredMs = async (tab: Page) =>
  Date.now() -
  1000 *
    (await tab.evaluate(
      () =>
        (
          JSON.parse(atob((localStorage.getItem('access_token') ?? '').split('.')[1] ?? '')) as {
            exp: number
          }
        ).exp,
    ))
const urlsOf = (front: FrontEnd, side: 'home' | 'api') => ({
  baseURL: front[side].url,
  refreshURL:
    side === 'home' ? '/api/v1/auth/auto-refresh' : `${front.api.url}/api/v1/auth/auto-refresh`,
})
async function openGuide({ front, context }: Given): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${front.home.url}/guide`)
  return page
}

describe('while no token is due', () => {
  const given = withFrontEnd({ env: SYSTEMS.fresh, pages: PAGES })

  describe.each(SIDES)('page and API on %s', (_, side) => {
    test('the TokenManager of the guide signs in, keeps a pair that is not due, refreshes by hand and logs out', async () => {
      const page = await openGuide(given)
      const me = `${given.front[side].url}${ME}`
      await page.evaluate(installManager, given.front[side].url)
      await page.evaluate(() => guide.login('admin', 'password'))
      const first = await stored(page)
      expect(await ask(page, me)).toEqual([200, 200, 200, 200, 200, 200])
      expect(await stored(page)).toBe(first)
      await page.evaluate(() => guide.refreshTokens())
      expect(await stored(page)).not.toBe(first)
      expect(await page.evaluate(async (url) => (await guide.request(url)).status, me)).toBe(200)
      await page.evaluate(() => guide.logout())
      expect(await page.evaluate(async (url) => (await guide.request(url)).status, me)).toBe(401)
      expect(await given.counted()).toMatchObject({ reused: 0, alarms: 0 })
    })

    test("the guide's axios interceptor repeats six concurrent 401s in two tabs without a redirect to the login page", async () => {
      const tabs = [await openGuide(given), await openGuide(given)] as const
      await tabs[0].evaluate(installManager, given.front[side].url)
      await tabs[0].evaluate(() => guide.login('admin', 'password'))
      for (const tab of tabs) await tab.evaluate(installInterceptors, urlsOf(given.front, side))
      for (let round = 0; round < 3; round += 1) {
        await tabs[0].evaluate(() => localStorage.setItem('access_token', 'not.a.token'))
        expect((await Promise.all(tabs.map(askByAxios))).flat()).toEqual(Array(12).fill(200))
      }
      expect(tabs.map((tab) => new URL(tab.url()).pathname)).toEqual(['/guide', '/guide'])
      expect(await tabs[0].evaluate(() => localStorage.length)).toBe(2)
      expect(await given.counted()).toMatchObject({ reused: 0, alarms: 0 })
    })
  })
})

describe('when a token is due at once, and then expired', () => {
  const given = withFrontEnd({ env: SYSTEMS.due, pages: PAGES })

  /** The pair is in headers that a page of another origin must be allowed to read. */
  describe.each(SIDES)('page and API on %s', (_, side) => {
    test.each([
      ['the TokenManager', (page: Page) => ask(page, `${given.front[side].url}${ME}`)],
      ['the axios interceptor', askByAxios],
    ] as const)('%s of the guide is refreshed by its requests', async (_client, askSix) => {
      const page = await openGuide(given)
      await page.evaluate(installManager, given.front[side].url)
      await page.evaluate(installInterceptors, urlsOf(given.front, side))
      await page.evaluate(() => guide.login('admin', 'password'))
      for (const isReady of [() => true, async () => (await expiredMs(page)) > 0]) {
        await eventually(isReady)
        const before = await stored(page)
        expect(await askSix(page)).toEqual([200, 200, 200, 200, 200, 200])
        expect(await stored(page)).not.toBe(before)
      }
      expect(new URL(page.url()).pathname).toBe('/guide')
      expect(await given.counted()).toMatchObject({ reused: 0, alarms: 0 })
    })
  })
})
