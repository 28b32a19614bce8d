import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { openBrowser } from './harness/open-browser.ts'
import { REPOSITORY, startStandalone, temporaryFolder } from './harness/start-standalone.ts'

/**
 * `npm run screenshots` writes images of the playground to docs/images: signed in and refreshed,
 * stolen and ended. Lifetimes and window are short, so it takes seconds.
 */
const OUT = join(REPOSITORY, 'docs/images')
const ENV = {
  ACCESS_TOKEN_EXPIRE_MINUTES: '0.5',
  AUTO_REFRESH_THRESHOLD: '10',
  REFRESH_GRACE_SECONDS: '3',
}
const WIDE = { viewport: { width: 1160, height: 940 } }
const NARROW = { viewport: { width: 360, height: 1180 } }

await mkdir(OUT, { recursive: true })
await using cleanUp = new AsyncDisposableStack()
const folder = await temporaryFolder()
cleanUp.defer(folder.remove)
const system = await (await startStandalone({ dataDir: folder.path, env: ENV })).ready()
cleanUp.defer(async () => void (await system.stop()))
const browser = await openBrowser()
cleanUp.defer(browser.close)

await shoot('playground', { ...WIDE, colorScheme: 'light' }, refreshed)
await shoot('playground-dark', { ...WIDE, colorScheme: 'dark' }, stolen)
await shoot('playground-narrow', { ...NARROW, colorScheme: 'light' }, refreshed)

async function shoot(
  name: string,
  options: BrowserContextOptions,
  act: (page: Page) => Promise<void>,
) {
  const {
    tabs: [page],
    close,
  } = await browser.openTabs(options)
  await page.goto(`${system.url}/`)
  await page.locator('#username').waitFor()
  await act(page)
  await page.mouse.move(0, 0)
  await page.evaluate(() => scrollTo(0, 0))
  await writeFile(join(OUT, `${name}.webp`), await page.screenshot({ type: 'webp', quality: 80 }))
  await close()
}

async function signIn(page: Page) {
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('#stream', { hasText: /^listening$/ }).waitFor()
}

async function refreshed(page: Page) {
  await signIn(page)
  await page.getByRole('button', { name: 'Refresh now' }).click()
  await page.getByText('was refreshed to generation 1').waitFor()
  await page.getByRole('button', { name: 'Request' }).click()
  await page.getByText('was refreshed to generation 2').waitFor()
  await page.getByText('automatically. This is generation 2').waitFor()
}

async function stolen(page: Page) {
  await signIn(page)
  await page.getByRole('button', { name: 'Steal' }).click()
  await page.getByRole('button', { name: 'Refresh now' }).click()
  await page.getByText('counts as an honest retry').waitFor()
  await page.getByText('using it again ends the session').waitFor()
  await page.getByRole('button', { name: 'Replay' }).click()
  await page.getByText('Sign in again').waitFor()
  await page.getByText('was presented again: this session was ended').waitFor()
}
