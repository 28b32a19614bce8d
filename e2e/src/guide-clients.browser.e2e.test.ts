import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { AxiosInstance, AxiosStatic } from 'axios'
import type { Page } from 'playwright-core'
import { beforeEach, describe, expect, test } from 'vitest'
import { letPass } from './eventually.ts'
import { ME } from './start-front-end.ts'
import { withFrontEnd } from './with-front-end.ts'

/** Front ends that do what the guide's two do, in a browser: the same calls, headers and storage keys, and no single flight. */
type Pair = { access_token: string; refresh_token: string }
type GuideManager = { login(name: string, password: string): Promise<void>; request(url: string): Promise<Response>; refreshTokens(): Promise<void>; logout(): void }
declare global {
  var axios: AxiosStatic
  var guide: GuideManager
  var guideApi: AxiosInstance
}

/** A token lives 6 s and is due in the last 3 of them; the window is the default's 60 s, since nothing else saves a client without single flight. */
const ENV = { ACCESS_TOKEN_EXPIRE_MINUTES: '0.1', AUTO_REFRESH_THRESHOLD: '3' }
const AXIOS = readFileSync(join(dirname(createRequire(import.meta.url).resolve('axios/package.json')), 'dist/axios.min.js'), 'utf8')
const PAGE = '<!doctype html><meta charset="utf-8"><title>Guide</title><link rel="icon" href="data:,"><script src="/axios.js"></script>'

const given = withFrontEnd({ env: ENV, pages: { '/guide': { type: 'text/html', body: PAGE }, '/login': { type: 'text/html', body: PAGE }, '/axios.js': { type: 'text/javascript', body: AXIOS } } })
let page: Page
beforeEach(async () => {
  page = await given.context.newPage()
  await page.goto(`${given.front.home.url}/guide`)
})

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
    const response = await fetch(`${baseURL}${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${path} failed`)
    keep(((await response.json()) as { data: Pair }).data)
  }
  globalThis.guide = {
    login: (username, password) => post('/api/v1/auth/token', { username, password }),
    async request(url) {
      const response = await fetch(url, { headers: { Authorization: `Bearer ${access}`, 'X-Refresh-Token': String(refresh) } })
      const [access_token, refresh_token] = [response.headers.get('X-New-Access-Token'), response.headers.get('X-New-Refresh-Token')]
      if (response.headers.get('X-Token-Refreshed') === 'true' && access_token !== null && refresh_token !== null) keep({ access_token, refresh_token })
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

/** `refreshURL` is where the interceptor's own post goes: in the guide a path of the page's origin. */
function installInterceptors({ baseURL, refreshURL }: { baseURL: string; refreshURL: string }) {
  const keep = ({ access_token, refresh_token }: Pair) => {
    localStorage.setItem('access_token', access_token)
    localStorage.setItem('refresh_token', refresh_token)
  }
  const api = (globalThis.guideApi = axios.create({ baseURL }))
  api.interceptors.request.use((config) => {
    const [access, refresh] = [localStorage.getItem('access_token'), localStorage.getItem('refresh_token')]
    if (access !== null) config.headers['Authorization'] = `Bearer ${access}`
    if (refresh !== null) config.headers['X-Refresh-Token'] = refresh
    return config
  })
  api.interceptors.response.use(
    (response) => {
      const { headers } = response as { headers: Record<string, string | undefined> }
      const [access_token, refresh_token] = [headers['x-new-access-token'], headers['x-new-refresh-token']]
      if (headers['x-token-refreshed'] === 'true' && access_token !== undefined && refresh_token !== undefined) keep({ access_token, refresh_token })
      return response
    },
    async (error: { response?: { status: number }; config: { headers: Record<string, string> } }) => {
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

describe.each([
  ['one origin', 'home'],
  ['two origins', 'api'],
] as const)('page and API on %s', (_, side) => {
  const many = (request: (url: string) => Promise<number[]>) => page.evaluate(request, `${given.front[side].url}${ME}`)

  test('the TokenManager of the guide signs in, is renewed by its requests, refreshes by hand and logs out', async () => {
    await page.evaluate(installManager, given.front[side].url)
    await page.evaluate(() => guide.login('admin', 'password'))
    const stored = () => page.evaluate(() => localStorage.getItem('refresh_token'))
    const first = await stored()
    const ask = (url: string) => Promise.all(Array.from({ length: 6 }, async () => (await guide.request(url)).status))
    expect(await many(ask)).toEqual([200, 200, 200, 200, 200, 200])
    expect(await stored()).toBe(first)
    // Due, then expired: the pair comes back in headers that a page of another origin has to be allowed to read.
    for (const seconds of [3.3, 6.3]) {
      const before = await stored()
      await letPass(seconds)
      expect(await many(ask)).toEqual([200, 200, 200, 200, 200, 200])
      expect(await stored()).not.toBe(before)
    }
    await page.evaluate(() => guide.refreshTokens())
    expect(await page.evaluate(async (url) => (await guide.request(url)).status, `${given.front[side].url}${ME}`)).toBe(200)
    await page.evaluate(() => guide.logout())
    expect(await page.evaluate(async (url) => (await guide.request(url)).status, `${given.front[side].url}${ME}`)).toBe(401)
    expect(await given.counted()).toMatchObject({ reused: 0, alarms: 0 })
  })

  test('the axios interceptor of the guide repeats six requests that met a 401 at once, in two tabs, and is not sent to the login page', async () => {
    const other = await given.context.newPage()
    await other.goto(`${given.front.home.url}/guide`)
    await page.evaluate(installManager, given.front[side].url)
    await page.evaluate(() => guide.login('admin', 'password'))
    const urls = { baseURL: given.front[side].url, refreshURL: side === 'home' ? '/api/v1/auth/auto-refresh' : `${given.front.api.url}/api/v1/auth/auto-refresh` }
    const ask = (tab: Page) => tab.evaluate((path) => Promise.all(Array.from({ length: 6 }, async () => (await guideApi.get(path)).status)), ME)
    for (const tab of [page, other]) await tab.evaluate(installInterceptors, urls)
    for (let round = 0; round < 3; round += 1) {
      await page.evaluate(() => localStorage.setItem('access_token', 'not.a.token'))
      expect((await Promise.all([page, other].map(ask))).flat()).toEqual(Array(12).fill(200))
    }
    await letPass(3.3)
    expect(await ask(page)).toEqual([200, 200, 200, 200, 200, 200])
    expect([page.url(), other.url()].map((url) => new URL(url).pathname)).toEqual(['/guide', '/guide'])
    expect(await page.evaluate(() => localStorage.length)).toBe(2)
    expect(await given.counted()).toMatchObject({ reused: 0, alarms: 0 })
  })
})
