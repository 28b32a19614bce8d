import type { Answer } from './api.ts'
import type { ServiceProcess } from './start-services.ts'

/** What a balancer in front does: asks who is ready ten times a second, and takes the other where one refuses the connection. */
export function startBalancer(apis: () => readonly ServiceProcess[]) {
  let ready: string[] = []
  let askedAt = performance.now()
  let stoodStillAt = -Infinity
  const look = async () => {
    const answers = await Promise.all(apis().map(async (api) => ((await fetch(`${api.adminUrl}/readyz`).catch(() => undefined))?.status === 200 ? [api.url] : [])))
    ready = answers.flat()
  }
  const ask = () => {
    if (performance.now() - askedAt > 1000) stoodStillAt = performance.now()
    askedAt = performance.now()
    void look()
  }
  const timer = setInterval(ask, 100)
  const standsStill = () => performance.now() - askedAt > 1000 || performance.now() - stoodStillAt < 5000
  return {
    look,
    stop: () => clearInterval(timer),
    async send(request: (url: string) => Promise<Answer>): Promise<Answer> {
      try {
        return await balanced(ready, request)
      } catch (error) {
        // Replicas go on for 2 s after they say that they go. One that did not ask for so long holds connections that are no more.
        if (!standsStill()) throw error
        await look()
        return balanced(ready, request)
      }
    },
  }
}

async function balanced(ready: readonly string[], request: (url: string) => Promise<Answer>): Promise<Answer> {
  const urls = ready.toSorted(() => Math.random() - 0.5)
  for (const url of urls) {
    try {
      return await request(url)
    } catch (error) {
      if (!String((error as { cause?: { code?: string } }).cause?.code).includes('ECONNREFUSED')) throw error
    }
  }
  throw new Error('no replica takes connections')
}
