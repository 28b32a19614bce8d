import { createTestDatabase, eventually, waitSeconds } from '@auto-refresh/test-engines'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { openBrowser, type OpenBrowser } from './harness/open-browser.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'

/**
 * Every access token lives 12 s and is refreshed after half of that; a spent refresh token counts
 * as a retry for 2 s.
 */
const WINDOW_SECONDS = 2
const ENV = { ACCESS_TOKEN_EXPIRE_MINUTES: '0.2', REFRESH_GRACE_SECONDS: String(WINDOW_SECONDS) }

let system: Standalone
let browser: OpenBrowser
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let opened: Awaited<ReturnType<OpenBrowser['openTabs']>>

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  system = await (
    await startStandalone({ dataDir: folder.path, databaseUrl: database.url, env: ENV })
  ).ready()
  browser = await openBrowser()
})
afterAll(async () => {
  await browser.close()
  await system.stop()
  await folder.remove()
  await database.drop()
})
beforeEach(async () => {
  opened = await browser.openTabs()
})
afterEach(() => opened.close())

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name })
const happened = (page: Page, text: string | RegExp) =>
  page.locator('#log li', { hasText: text }).first().waitFor()
const generation = async (page: Page) => Number(await page.locator('#generation').textContent())

async function signIn(page: Page, url = system.url) {
  await page.goto(`${url}/`)
  await button(page, 'Sign in').click()
  await page.getByRole('heading', { name: 'Your tokens' }).waitFor()
  await page.locator('#stream[data-state=on]').waitFor()
}

test("a new user signs in with the prefilled name and password, and sees the client refresh and the server's event", async () => {
  const [page] = opened.tabs
  await signIn(page)
  const before = await generation(page)
  await button(page, 'Request').click()
  await happened(page, /The request succeeded.*GET \/api\/v1\/auth\/me: 200/)
  await happened(page, /automatically\. This is generation \d+\./)
  await happened(page, /This session was refreshed to generation \d+\./)
  expect(await generation(page)).toBeGreaterThan(before)
  await eventually(
    async () =>
      (await page.locator('#access-bar').evaluate((bar: HTMLProgressElement) => bar.value)) > 0,
  )
  expect(opened.complaints).toEqual([])
})

test('a stolen token replayed after its window ends the session: the thief is refused, the event arrives, the page signs out', async () => {
  const [page] = opened.tabs
  await signIn(page)
  await button(page, 'Steal the refresh token').click()
  await button(page, 'Refresh now').click()
  await happened(page, 'This session was refreshed to generation')
  await waitSeconds(WINDOW_SECONDS + 0.5)
  await button(page, 'Replay it').click()
  await happened(page, /Refused: the token was used before.*401 refresh_token_reused/)
  await happened(
    page,
    /A used refresh token \(generation \d+\) was presented again: this session was ended.*session\.reuse-detected\.v1/,
  )
  await page
    .getByRole('status')
    .getByText('so this session was ended, for the thief and for you')
    .waitFor()
  await button(page, 'Sign in').click()
  await page.locator('#notices li', { hasText: 'its refresh token was used twice' }).waitFor()
  // Chromium reports every 4xx response; nothing else is reported.
  expect(
    opened.complaints.filter((text) => !text.includes('the server responded with a status of 401')),
  ).toEqual([])
})

test('two tabs share one session: both use the pair that one refreshes, and signing out in one signs out both', async () => {
  const [page, other] = opened.tabs
  await signIn(page)
  await other.goto(`${system.url}/`)
  await other.getByRole('heading', { name: 'Your tokens' }).waitFor()
  const before = await generation(other)
  await button(page, 'Refresh now').click()
  await happened(other, 'Another tab refreshed to generation')
  await eventually(async () => (await generation(other)) > before)
  await button(page, 'Sign out').click()
  await other.getByRole('status').getByText('You signed out in another tab').waitFor()
  await page.getByRole('status').getByText('You signed out').waitFor()
  expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toMatch(/art_|eyJ/)
})

test('with the host name localhost, and with the keyboard only', async () => {
  const [page] = opened.tabs
  await page.goto(`http://localhost:${system.ports.port}/`)
  await page.locator('#username').waitFor()
  const focused = () => page.evaluate(() => document.activeElement?.id)
  while ((await focused()) !== 'username') await page.keyboard.press('Tab')
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type('admin')
  await page.keyboard.press('Tab')
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type('wrong words')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('Wrong user name or password').waitFor()
  expect(await focused()).toBe('password')
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type('password')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Your tokens' }).waitFor()
  expect(await focused()).toBe('tokens-title')
})

test('at 360 pixels nothing is cut off, in light and dark mode', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const {
      tabs: [page],
      close,
    } = await browser.openTabs({ viewport: { width: 360, height: 740 }, colorScheme })
    await signIn(page)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
    await close()
  }
})
