import { eventually } from '@auto-refresh/test-engines'
import type { Answer } from './api.ts'

const POLL_MS = 100
/**
 * The services and the database answer within 1 to 3 s; a machine that stalls for longer breaks
 * that.
 */
const STALL_MS = 1000
const AFTER_STALL_MS = 5000

type Replica = Readonly<{ url: string; adminUrl: string }>

/**
 * Behaves like a load balancer: polls readiness ten times a second, and tries another replica when
 * one refuses the connection. It tolerates a failure only while the machine stalls, measured by its
 * own timer and by the duration of a poll.
 */
export function startBalancer(apis: () => readonly Replica[]) {
  let ready: string[] = []
  const inFlight = new Map<string, number>()
  let polledAt = performance.now()
  let stalledAt = -Infinity
  const noteStall = (sinceMs: number) => {
    if (performance.now() - sinceMs > STALL_MS) stalledAt = performance.now()
  }
  const isReady = async ({ adminUrl }: Replica) =>
    (await fetch(`${adminUrl}/readyz`).catch(() => undefined))?.status === 200
  const poll = async () => {
    const startedAt = performance.now()
    const answers = await Promise.all(
      apis().map(async (api) => ((await isReady(api)) ? [api.url] : [])),
    )
    noteStall(startedAt)
    ready = answers.flat()
  }
  const timer = setInterval(() => {
    noteStall(polledAt)
    polledAt = performance.now()
    void poll()
  }, POLL_MS)
  const isStalled = () => {
    noteStall(polledAt)
    return performance.now() - stalledAt < AFTER_STALL_MS
  }
  const counted = async (url: string, request: (url: string) => Promise<Answer>) => {
    inFlight.set(url, (inFlight.get(url) ?? 0) + 1)
    try {
      return await request(url)
    } finally {
      inFlight.set(url, (inFlight.get(url) ?? 0) - 1)
    }
  }
  /** A poll that began earlier may still know a replica that was taken out. */
  const inService = () => {
    const urls = new Set(apis().map(({ url }) => url))
    return ready.filter((url) => urls.has(url))
  }
  const sendOnce = (request: (url: string) => Promise<Answer>) =>
    balanced(inService(), (url) => counted(url, request))
  return {
    poll,
    /** Waits until a replica that was taken out has answered its last request. */
    drained: (url: string) => eventually(() => (inFlight.get(url) ?? 0) === 0),
    stop: () => clearInterval(timer),
    async send(request: (url: string) => Promise<Answer>): Promise<Answer> {
      try {
        const answer = await sendOnce(request)
        if (answer.status !== 503 || !isStalled()) return answer
      } catch (error) {
        if (!isStalled()) throw error
      }
      await poll()
      return sendOnce(request)
    },
  }
}

async function balanced(
  ready: readonly string[],
  request: (url: string) => Promise<Answer>,
): Promise<Answer> {
  const urls = ready.toSorted(() => Math.random() - 0.5)
  for (const url of urls) {
    try {
      return await request(url)
    } catch (error) {
      if (!String((error as { cause?: { code?: string } }).cause?.code).includes('ECONNREFUSED'))
        throw error
    }
  }
  throw new Error('No replica accepts connections')
}
