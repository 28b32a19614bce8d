import { cpuSeconds } from '../cpu-seconds.ts'
import { openConnection } from '../open-connection.ts'
import { median } from '../report/median.ts'
import { USER, type Target } from '../targets.ts'

const PATH = { path: '/api/v1/auth/token', contentType: 'application/json' }

export type SignIns = Readonly<{
  perSecond: number
  p50Ms: number
  p99Ms: number
  cpuMs: number
  busy: number
}>

/**
 * K clients sign in as fast as they are answered. `cpuMs` is the CPU of the service per sign-in;
 * `busy` counts the answers 503. Throws on another refusal.
 */
export async function measureSignIns(
  target: Target,
  { clients, measureMs }: { clients: number; measureMs: number },
): Promise<SignIns> {
  const before = await cpuSeconds(target.pids)
  const startMs = performance.now()
  const until = startMs + measureMs
  const times: number[] = []
  let busy = 0

  async function signInUntilEnd(): Promise<void> {
    const connection = await openConnection(target.url, PATH)
    while (performance.now() < until) {
      const from = performance.now()
      const { status, body } = await connection.post(JSON.stringify(USER))
      if (status === 200) times.push(performance.now() - from)
      else if (status === 503) busy += 1
      else throw new Error(`A sign-in was answered ${status}: ${body.slice(0, 200)}`)
    }
    connection.close()
  }

  await Promise.all(Array.from({ length: clients }, signInUntilEnd))
  const seconds = (performance.now() - startMs) / 1000
  const sorted = times.toSorted((a, b) => a - b)
  return {
    perSecond: times.length / seconds,
    p50Ms: median(sorted),
    p99Ms: sorted[Math.floor(0.99 * sorted.length)] ?? Number.NaN,
    cpuMs: (1000 * ((await cpuSeconds(target.pids)) - before)) / times.length,
    busy,
  }
}
