import type { Answer } from './api.ts'
import type { ServiceProcess } from './start-services.ts'

const POLL_MS = 100
/**
 * The services and the database promise answers within 1 to 3 s; a machine that stops for longer
 * breaks them.
 */
const STALL_MS = 1000
const AFTER_STALL_MS = 5000

/**
 * Does what a balancer in front does: polls readiness ten times a second, and takes another replica
 * when one refuses the connection. It forgives a failure only while the machine itself stalls,
 * which it measures by its own timer and by the time that a poll takes.
 */
export function startBalancer(apis: () => readonly ServiceProcess[]) {
  let ready: string[] = []
  let polledAt = performance.now()
  let stalledAt = -Infinity
  const noteStall = (sinceMs: number) => {
    if (performance.now() - sinceMs > STALL_MS) stalledAt = performance.now()
  }
  const isReady = async ({ adminUrl }: ServiceProcess) =>
    (await fetch(`${adminUrl}/readyz`).catch(() => undefined))?.status === 200
  const look = async () => {
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
    void look()
  }, POLL_MS)
  const isStalled = () => {
    noteStall(polledAt)
    return performance.now() - stalledAt < AFTER_STALL_MS
  }
  return {
    look,
    stop: () => clearInterval(timer),
    async send(request: (url: string) => Promise<Answer>): Promise<Answer> {
      try {
        const answer = await balanced(ready, request)
        if (answer.status !== 503 || !isStalled()) return answer
      } catch (error) {
        if (!isStalled()) throw error
      }
      await look()
      return balanced(ready, request)
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
  throw new Error('no replica takes connections')
}
