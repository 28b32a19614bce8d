import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startOwnKafka } from '@auto-refresh/test-engines'
import { drive } from './drive.ts'
import { openEngine } from './open-engine.ts'
import { toPlot } from './report/to-plot.ts'
import { toTables, type Reference, type Sample } from './report/to-tables.ts'
import { writeSection } from './report/write-section.ts'
import { runBench, type BenchTools } from './run-bench.ts'
import { startFloor, startOneProcess, startPeer, startServices, type Target } from './targets.ts'
import { startWatched } from './telemetry/start-watched.ts'

const USAGE =
  'npm run bench -- [--clients 1,16,64,256] [--services] [--rounds 5] [--seconds 3] [--write]\n' +
  'npm run bench -- --telemetry [--clients 64] [--rounds 20]\n' +
  '--write also puts the tables and the plot into docs/benchmarks.md'
const WARM_UP_MS = 1000
/** An idle backend of Postgres reports its last counters after ten seconds. */
const IDLE_REPORT_MS = 11_000
/** To start and to stop the targets. */
const OVERHEAD_MINUTES = 6
/** A round waits until the system is quiet, normally for a second. */
const QUIET_SECONDS = 6

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '64' },
    services: { type: 'boolean', default: false },
    telemetry: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
  },
})
const loads = values.clients.split(',').map(Number)
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)]
if (
  ![...loads, rounds, seconds].every((value) => value > 0 && Number.isInteger(value)) ||
  (values.telemetry && (values.write || values.services))
) {
  process.stderr.write(`${USAGE}\n`)
  process.exit(64)
}
const perRound = loads.length * 4 * (seconds + WARM_UP_MS / 1000 + QUIET_SECONDS)
const path = process.env['PATH'] ?? ''

await runBench({ deadlineMinutes: OVERHEAD_MINUTES + (rounds * perRound) / 60 }, async (tools) => {
  const engine = await openEngine(tools)
  const open = async (database: string) => ({
    sessions: Math.max(...loads),
    databaseUrl: await engine.open(database),
    logDir: engine.folder,
    path,
  })
  const { targets, references } = await startTargets(tools, open)

  const samples: Sample[] = []
  const measuredAt = new Map<Target, number>()
  for (let round = 0; round < rounds; round += 1) {
    for (const clients of loads) {
      // Every other round in reverse, so that no target always follows the same one.
      for (const target of round % 2 === 0 ? targets : targets.toReversed()) {
        tools.check()
        const reportedAt = (measuredAt.get(target) ?? -IDLE_REPORT_MS) + IDLE_REPORT_MS
        await delay(Math.max(0, reportedAt - performance.now()))
        const load = { clients, warmUpMs: WARM_UP_MS, measureMs: 1000 * seconds }
        const measured = await drive(target, load, engine)
        measuredAt.set(target, performance.now())
        samples.push({ ...measured, round, clients, name: target.name })
        const rate = measured.perSecond.toFixed(0)
        tools.say(`round ${round + 1}, ${clients} clients, ${target.name}: ${rate}/s`)
      }
    }
  }

  const order = (name: Target['name']) => targets.findIndex((target) => target.name === name)
  samples.sort((a, b) => a.clients - b.clients || order(a.name) - order(b.name))
  const { comparison, costs } = toTables(samples, references)
  const head = `${engine.describe()}; ${rounds} interleaved rounds of ${seconds} s.`
  const legend = 'Higher is better for ratios and rates, lower for the rest.'
  const report = [head, legend, comparison, 'Per rotation:', costs].join('\n\n')
  process.stdout.write(`${report}\n`)
  if (values.write) {
    const image = 'images/benchmarks.svg'
    const alt = 'Rotations per second to the peer, and latencies, by number of clients'
    const plot = toPlot(samples, head.slice(0, 10))
    await writeSection('bench', `![${alt}](${image})\n\n${report}`, { files: { [image]: plot } })
    tools.say('Wrote docs/benchmarks.md and its plot')
  }
})

async function startTargets(
  { running }: BenchTools,
  open: (database: string) => Promise<Parameters<typeof startOneProcess>[0]>,
): Promise<{ targets: Target[]; references: Reference[] }> {
  const targets: Target[] = []
  async function start(starting: Promise<Target>): Promise<void> {
    const target = await starting
    running.defer(target.stop)
    process.stderr.write(`Started ${target.name}\n`)
    targets.push(target)
  }
  if (values.telemetry) {
    for (const starting of startWatched({ open, onClose: (close) => running.defer(close) }))
      await start(starting())
    const references = ['no metrics', 'no traces'].map(
      (name) => ({ title: `own CPU to ${name}`, key: 'ownMicros', name }) as const,
    )
    return { targets, references }
  }
  await start(startFloor(await open('floor')))
  await start(startPeer(await open('peer')))
  await start(startOneProcess(await open('one_process')))
  if (values.services) {
    const kafka = await startOwnKafka(process.env)
    running.defer(kafka.stop)
    const brokers = kafka.brokers.join(',')
    await start(startServices({ ...(await open('services')), brokers }))
  }
  const references = ['peer', 'floor'].map(
    (name) => ({ title: `to the ${name}`, key: 'perSecond', name }) as const,
  )
  return { targets, references }
}
