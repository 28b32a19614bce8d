import { setTimeout as delay } from 'node:timers/promises'
import { readMemory } from '../read-memory.ts'

const EVERY_MS = 200

/** Ages in seconds, resident memory in MiB (Linux only; 0 elsewhere). */
export type Watched = Readonly<{
  seconds: number
  medianAge: number
  maxAge: number
  maxMemory: number
}>

/**
 * Samples the revocation list of an auth-api by its metrics, until `isOver` is true of a sample.
 */
export async function watchList(
  { adminUrl, pid }: { adminUrl: string; pid: number },
  isOver: (sample: { seconds: number; age: number; entries: number }) => boolean,
): Promise<Watched> {
  const startMs = performance.now()
  const ages: number[] = []
  let maxMemory = 0
  for (;;) {
    const metrics = await (await fetch(`${adminUrl}/metrics`)).text()
    const seconds = (performance.now() - startMs) / 1000
    const age = toValue(metrics, 'auth_revocation_feed_age_seconds')
    ages.push(age)
    maxMemory = Math.max(maxMemory, await readMemory(pid))
    if (isOver({ seconds, age, entries: toValue(metrics, 'auth_revocation_list_sessions') })) {
      const medianAge = ages.toSorted((a, b) => a - b)[Math.floor(ages.length / 2)] ?? NaN
      return { seconds, medianAge, maxAge: Math.max(...ages), maxMemory }
    }
    await delay(EVERY_MS)
  }
}

function toValue(metrics: string, name: string): number {
  const line = metrics.split('\n').find((each) => each.startsWith(name))
  return Number(line?.slice(line.lastIndexOf(' ') + 1))
}
