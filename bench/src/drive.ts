import { setTimeout as delay } from 'node:timers/promises'
import { cpuSeconds } from './cpu-seconds.ts'
import { openConnection } from './open-connection.ts'
import type { Target } from './targets.ts'

type Load = Readonly<{ clients: number; warmUpMs: number; measureMs: number }>
export type Measured = Readonly<{
  perSecond: number
  p50Ms: number
  p99Ms: number
  ownMicros: number
  postgresMicros: number
  generatorMicros: number
}>

/** Quiet means less than this share of one core for 250 ms. */
const QUIET_SHARE = 0.1
const QUIET_DEADLINE_MS = 15_000

/**
 * K clients, each refreshing its own session as fast as it is answered. Rate and latencies are
 * those of the window after the warm-up. CPU is divided by all rotations and counted until the
 * system is quiet, so that later work (events, audit trail) is included. The CPU of this process,
 * the generator, is that of the load alone. Throws on an answer without a new token pair.
 */
export async function drive(
  target: Target,
  { clients, warmUpMs, measureMs }: Load,
  postgres: number,
): Promise<Measured> {
  const before = await use()
  const from = performance.now() + warmUpMs
  const until = from + measureMs
  const given = new Set<string>(target.sessions)
  const times: number[] = []
  let rotations = 0

  async function refreshUntilEnd(index: number): Promise<void> {
    const connection = await openConnection(target.url, target)
    for (let startedAt = performance.now(); startedAt < until;) {
      const { status, body } = await connection.post(target.toBody(target.sessions[index] ?? ''))
      const access = readText(body, 'access_token')
      const refresh = readText(body, 'refresh_token')
      for (const token of [access, refresh]) {
        if (status !== 200 || token === '' || given.has(token))
          throw new Error(`${target.name} answered ${status} without a new pair`)
        given.add(token)
      }
      target.sessions[index] = refresh
      const endedAt = performance.now()
      if (endedAt > from && endedAt <= until) times.push(endedAt - startedAt)
      rotations += 1
      startedAt = endedAt
    }
    connection.close()
  }

  async function use() {
    return { own: await cpuSeconds(target.pids), postgres: await cpuSeconds([postgres]) }
  }

  async function quiet() {
    const deadline = performance.now() + QUIET_DEADLINE_MS
    for (let last = await use(); ;) {
      await delay(250)
      const now = await use()
      if (
        now.own + now.postgres - last.own - last.postgres < 0.25 * QUIET_SHARE ||
        performance.now() > deadline
      )
        return now
      last = now
    }
  }

  const generatorBefore = process.cpuUsage()
  await Promise.all(Array.from({ length: clients }, (_, index) => refreshUntilEnd(index)))
  const generator = process.cpuUsage(generatorBefore)
  const after = await quiet()
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(share * sorted.length)] ?? Number.NaN
  return {
    perSecond: times.length / (measureMs / 1000),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    ownMicros: (1e6 * (after.own - before.own)) / rotations,
    postgresMicros: (1e6 * (after.postgres - before.postgres)) / rotations,
    generatorMicros: (generator.user + generator.system) / rotations,
  }
}

/** Returns a text field of compact JSON, without parsing the rest; '' when it is missing. */
function readText(json: string, name: string): string {
  const start = json.indexOf(`"${name}":"`) + name.length + 4
  return start < name.length + 4 ? '' : json.slice(start, json.indexOf('"', start))
}
