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
 * A real Chromium without a window, on a profile of its own that goes with it. `pageCache`: back
 * and forward bring pages back as they were, as for users.
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
    /** One user's browser: its tabs share storage, cookies and locks, with no other's. */
    newContext: (options: BrowserContextOptions = {}) => browser.newContext(options),
    /**
     * Two tabs of one browser: they share storage, cookies and locks, with no other pair.
     * `complaints` gathers what their consoles report as errors, breaches of the content security
     * policy among them, and exceptions that nobody caught.
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
     * Stops the processes of all its pages, as a laptop does that sleeps: clocks go on, timers do
     * not. Returns what wakes them up.
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
            // A browser keeps one renderer to spare, and may have ended it.
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
