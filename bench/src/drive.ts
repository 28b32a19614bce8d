import { setTimeout as delay } from 'node:timers/promises'
import { cpuSeconds } from './cpu-seconds.ts'
import type { Engine } from './open-engine.ts'
import { openConnection } from './open-connection.ts'
import type { Target } from './targets.ts'

/**
 * With `isSpread` each refresh takes the next of all sessions of the target, in turn; otherwise
 * each client keeps its own.
 */
type Load = Readonly<{
  clients: number
  warmUpMs: number
  measureMs: number
  isSpread?: boolean
  /** least time between the starts of two refreshes of one client */
  everyMs?: number
  /** how long to wait until the system is quiet */
  quietMs?: number
}>

/** All but the rate and the latencies are per rotation. */
export type Measured = Readonly<{
  /** all, also those of the warm-up */
  rotations: number
  perSecond: number
  p50Ms: number
  p99Ms: number
  ownMicros: number
  postgresMicros: number
  generatorMicros: number
  /** of the CPU of all three */
  generatorPercent: number
  commits: number
  fsyncs: number
  walBytes: number
  /** request and response, without TCP and TLS */
  httpBytes: number
}>

/** Quiet means less than this share of one core for 250 ms. */
const QUIET_SHARE = 0.1
const QUIET_MS = 15_000
/**
 * A backend of Postgres reports its counters when a query ends, once per second at most. So they
 * are read half a second after such a report, twice, an integer number of seconds apart.
 */
const BEFORE_REPORT_MS = 500

/**
 * K clients, each refreshing as fast as it is answered, or every `everyMs`. Rate and latencies are those of the window
 * after the warm-up. CPU is divided by all rotations and counted until the system is quiet, so that
 * later work (events, audit trail) is included. The CPU of this process, the generator, is that of
 * the load alone. Throws on an answer without a new token pair.
 */
export async function drive(
  target: Target,
  { clients, warmUpMs, measureMs, isSpread = false, everyMs = 0, quietMs = QUIET_MS }: Load,
  engine: Pick<Engine, 'pid' | 'readCounters'>,
): Promise<Measured> {
  const before = await use()
  const from = performance.now() + warmUpMs
  const until = from + measureMs
  const given = new Set<string>(target.sessions)
  const times: number[] = []
  let [rotations, httpBytes] = [0, 0]

  async function refreshUntilEnd(client: number): Promise<void> {
    const connection = await openConnection(target.url, target)
    await delay((client * everyMs) / clients)
    for (let startedAt = performance.now(); startedAt < until;) {
      const index = isSpread ? target.cursor.next++ % target.sessions.length : client
      const { status, body } = await connection.post(target.toBody(target.sessions[index] ?? ''))
      const access = readText(body, 'access_token')
      const refresh = readText(body, 'refresh_token')
      for (const token of [access, refresh]) {
        if (status !== 200 || token === '' || given.has(token))
          throw new Error(
            `${target.name} answered ${status} without a new pair: ${body.slice(0, 200)}`,
          )
        given.add(token)
      }
      target.sessions[index] = refresh
      const endedAt = performance.now()
      if (endedAt > from && endedAt <= until) times.push(endedAt - startedAt)
      rotations += 1
      const dueAt = startedAt + everyMs
      if (dueAt > endedAt) await delay(dueAt - endedAt)
      startedAt = Math.max(dueAt, endedAt)
    }
    httpBytes += connection.close()
  }

  async function use() {
    return { own: await cpuSeconds(target.pids), postgres: await cpuSeconds([engine.pid]) }
  }

  async function quiet() {
    const deadline = performance.now() + quietMs
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

  async function count() {
    const counters = await engine.readCounters(target.database)
    return { ...counters, rotations }
  }
  async function countWrites() {
    await delay(Math.max(0, warmUpMs - BEFORE_REPORT_MS))
    const first = await count()
    await delay(Math.max(0, from - performance.now() + measureMs - BEFORE_REPORT_MS))
    const last = await count()
    const counted = last.rotations - first.rotations
    const fsyncs = Object.entries(last.fsyncsByPid).reduce(
      (sum, [pid, all]) => sum + all - (first.fsyncsByPid[pid] ?? 0),
      0,
    )
    return {
      commits: (last.commits - first.commits) / counted,
      fsyncs: fsyncs / counted,
      walBytes: (last.walBytes - first.walBytes) / counted,
    }
  }

  const generatorBefore = process.cpuUsage()
  const [writes] = await Promise.all([
    countWrites(),
    ...Array.from({ length: clients }, (_, index) => refreshUntilEnd(index)),
  ])
  const generator = process.cpuUsage(generatorBefore)
  const after = await quiet()
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(share * sorted.length)] ?? Number.NaN
  const ownMicros = (1e6 * (after.own - before.own)) / rotations
  const postgresMicros = (1e6 * (after.postgres - before.postgres)) / rotations
  const generatorMicros = (generator.user + generator.system) / rotations
  return {
    rotations,
    perSecond: times.length / (measureMs / 1000),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    ownMicros,
    postgresMicros,
    generatorMicros,
    generatorPercent: (100 * generatorMicros) / (ownMicros + postgresMicros + generatorMicros),
    ...writes,
    httpBytes: httpBytes / rotations,
  }
}

/** Returns a text field of compact JSON, without parsing the rest; '' when it is missing. */
function readText(json: string, name: string): string {
  const start = json.indexOf(`"${name}":"`) + name.length + 4
  return start < name.length + 4 ? '' : json.slice(start, json.indexOf('"', start))
}
