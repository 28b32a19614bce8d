import { chromiumPath } from '@auto-refresh/test-engines'
import { chromium, type BrowserContextOptions, type Page } from 'playwright-core'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export type OpenBrowser = Awaited<ReturnType<typeof openBrowser>>

/**
 * Starts a headless Chromium with its own profile, which is removed with it. `pageCache`: back and
 * forward restore pages from the cache, as for users.
 */
export async function openBrowser({ pageCache = false }: { pageCache?: boolean } = {}) {
  const ignoreDefaultArgs = pageCache ? ['--disable-back-forward-cache'] : []
  const browser = await chromium.launch({
    executablePath: chromiumPath(process.env),
    headless: true,
    args: FLAGS,
    ignoreDefaultArgs,
  })
  return {
    version: browser.version(),
    /** One user's browser: its tabs share storage, cookies and locks with each other only. */
    newContext: (options: BrowserContextOptions = {}) => browser.newContext(options),
    /**
     * Two tabs of one browser: they share storage, cookies and locks with each other only.
     * `complaints` collects the errors of their consoles, including breaches of the content
     * security policy, and uncaught exceptions.
     */
    async openTabs(options: BrowserContextOptions = {}) {
      const context = await browser.newContext(options)
      const complaints: string[] = []
      const open = async (): Promise<Page> => {
        const page = await context.newPage()
        page.on('console', (message) => {
          if (message.type() === 'error') complaints.push(message.text())
        })
        page.on('pageerror', (error) => complaints.push(error.message))
        return page
      }
      return {
        context,
        tabs: [await open(), await open()] as const,
        complaints,
        close: () => context.close(),
      }
    },
    /**
     * Stops the processes of all its pages, like a sleeping laptop: clocks continue, timers do not.
     * Returns a function that wakes them up.
     */
    async sleep() {
      const session = await browser.newBrowserCDPSession()
      const { processInfo } = await session.send('SystemInfo.getProcessInfo')
      await session.detach()
      const renderers = processInfo.flatMap(({ type, id }) => (type === 'renderer' ? [id] : []))
      const signal = (name: NodeJS.Signals) => {
        for (const pid of renderers) {
          try {
            process.kill(pid, name)
          } catch (error) {
            // A browser keeps a spare renderer and may have ended it.
            if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
          }
        }
      }
      signal('SIGSTOP')
      return () => signal('SIGCONT')
    },
    close: () => browser.close(),
  }
}
