import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { drive, type Measured } from '../drive.ts'
import { openEngine, type Engine } from '../open-engine.ts'
import { drainOutbox } from '../outbox/drain-outbox.ts'
import { median } from '../report/median.ts'
import { toMarkdown } from '../report/to-markdown.ts'
import { toRatio, toText, type Sample } from '../report/to-tables.ts'
import { writeSection } from '../report/write-section.ts'
import { runBench } from '../run-bench.ts'
import { openGrown, type Grown } from './open-grown.ts'
import { readSchemaBytes, readTable, toHotPercent, type TableState } from './read-table.ts'

/** `npm run bench:growth` measures what many sessions and many rotations cost. */
const USAGE =
  'npm run bench:growth -- [--sizes 10000,1000000,10000000] [--rounds 5] [--seconds 3]\n' +
  '  [--clients 64] [--driven 50000] [--rotations 1000] [--expired 1000000]\n' +
  '  [--sweep-seconds 300] [--outbox-rate 100] [--deadline 30] [--write]\n' +
  '--rotations, --expired and --outbox-rate 0 leave that part out; --deadline is in minutes'
const WARM_UP_MS = 1000
/** Clients that rotate one session each, `--rotations` times. */
const ROTATED = 256
const CHUNK_MS = 5000
/** Postgres reports the last statistics of a table within this time. */
const REPORT_MS = 11_000
const MAX_DRAIN_MS = 300_000
const OUTBOX_SECONDS = 3600
/** The sweep is refused when more than a tenth of all sessions is due. */
const MOST_EXPIRED = 0.09
const SESSIONS = 'token_store.sessions'

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10000,1000000,10000000' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '64' },
    driven: { type: 'string', default: '50000' },
    rotations: { type: 'string', default: '1000' },
    expired: { type: 'string', default: '1000000' },
    'sweep-seconds': { type: 'string', default: '300' },
    'outbox-rate': { type: 'string', default: '100' },
    deadline: { type: 'string', default: '30' },
    write: { type: 'boolean', default: false },
  },
})
const sizes = values.sizes.split(',').map(Number)
const [rounds, seconds, clients] = [values.rounds, values.seconds, values.clients].map(Number) as [
  number,
  number,
  number,
]
const [rotations, expired, outboxRate] = [
  values.rotations,
  values.expired,
  values['outbox-rate'],
].map(Number) as [number, number, number]
const [driven, sweepSeconds, deadlineMinutes] = [
  values.driven,
  values['sweep-seconds'],
  values.deadline,
].map(Number) as [number, number, number]
const positive = [...sizes, rounds, seconds, clients, driven, sweepSeconds, deadlineMinutes]
if (
  !positive.every((value) => Number.isInteger(value) && value > 0) ||
  ![rotations, expired, outboxRate].every((value) => Number.isInteger(value) && value >= 0) ||
  Math.min(...sizes) < Math.max(clients, ROTATED)
) {
  process.stderr.write(`${USAGE}\n`)
  process.exit(64)
}
const path = process.env['PATH'] ?? ''
const count = (value: number) => value.toLocaleString('en')
const least = <T extends { sessions: number }>(all: readonly T[]) =>
  all.reduce((a, b) => (b.sessions < a.sessions ? b : a))
const greatest = <T extends { sessions: number }>(all: readonly T[]) =>
  all.reduce((a, b) => (b.sessions > a.sessions ? b : a))

await runBench({ deadlineMinutes }, async (tools) => {
  const engine = await openEngine(tools)
  // The generated rows need no checkpoints in between; the measurements have the default again.
  await engine.client.query(`alter system set max_wal_size = '16GB'`)
  await engine.client.query('select pg_reload_conf()')
  const grown: Grown[] = []
  for (const sessions of sizes) {
    tools.check()
    grown.push(await openGrown(tools, engine, { sessions, driven, path }))
  }
  await engine.client.query('alter system reset max_wal_size')
  await engine.client.query('select pg_reload_conf()')
  await delay(REPORT_MS)

  const before = new Map<Grown, TableState>()
  for (const each of grown) before.set(each, await readTable(each.client, SESSIONS))
  const samples = await driveInTurn(grown, engine, tools)
  await delay(REPORT_MS)
  const bySize: string[][] = []
  for (const each of grown) {
    const [was, is] = [before.get(each), await readTable(each.client, SESSIONS)]
    if (was === undefined) continue
    const own = samples.filter(({ name }) => name === each.target.name)
    const middle = (key: keyof Measured) => median(own.map((sample) => sample[key])).toFixed(0)
    const ratio = { name: least(grown).target.name, key: 'perSecond' } as const
    bySize.push([
      count(each.sessions),
      each === least(grown) ? '1' : toText(toRatio(own, samples, ratio)),
      middle('perSecond'),
      `${middle('p50Ms')} / ${middle('p99Ms')}`,
      `${middle('ownMicros')} + ${middle('postgresMicros')}`,
      middle('walBytes'),
      toHotPercent(was, is).toFixed(1),
      (was.bytes / each.sessions).toFixed(0),
    ])
  }

  const other: string[][] = []
  if (rotations > 0) other.push(await rotateOften(least(grown), engine, tools))
  if (expired > 0) other.push(await sweepBesideLoad(greatest(grown), engine, tools))
  if (outboxRate > 0) other.push(await drainAnHour(least(grown)))

  const head =
    `${engine.describe()}; ${rounds} interleaved rounds of ${seconds} s, ${clients} clients, ` +
    `at most ${count(driven)} sessions driven in turn, a checkpoint before each run.`
  const titles = [
    'sessions',
    'rate to the smallest',
    'rotations/s',
    'p50 / p99 ms',
    'CPU us: own + Postgres',
    'WAL bytes',
    'HOT %',
    'bytes a session',
  ]
  const parts = other.length === 0 ? [] : [toMarkdown(['part', 'result'], other)]
  const report = [head, toMarkdown(titles, bySize), ...parts].join('\n\n')
  process.stdout.write(`${report}\n`)
  if (values.write) await writeSection('growth', report)
})

async function driveInTurn(
  grown: readonly Grown[],
  engine: Engine,
  { say, check }: { say: (line: string) => void; check: () => void },
): Promise<Sample[]> {
  const samples: Sample[] = []
  for (let round = 0; round < rounds; round += 1) {
    for (const { target } of round % 2 === 0 ? grown : grown.toReversed()) {
      check()
      await engine.client.query('checkpoint')
      const load = { clients, warmUpMs: WARM_UP_MS, measureMs: 1000 * seconds, isSpread: true }
      const measured = await drive(target, load, engine)
      samples.push({ ...measured, round, clients, name: target.name })
      say(`round ${round + 1}, ${target.name}: ${measured.perSecond.toFixed(0)}/s`)
    }
  }
  return samples
}

async function rotateOften(
  { target, client, sessions }: Grown,
  engine: Engine,
  { check, say }: { say: (line: string) => void; check: () => void },
): Promise<string[]> {
  const load = { clients: ROTATED, warmUpMs: WARM_UP_MS, measureMs: CHUNK_MS, quietMs: 0 }
  const before = await readTable(client, SESSIONS)
  let done = 0
  while (done < rotations * ROTATED) {
    check()
    done += (await drive(target, load, engine)).rotations
    say(`${count(done)} rotations of ${ROTATED} sessions`)
  }
  await delay(REPORT_MS)
  const after = await readTable(client, SESSIONS)
  const each = Math.round(done / ROTATED)
  const grewBy = ((after.bytes - before.bytes) / ROTATED).toFixed(0)
  return [
    `${ROTATED} of ${count(sessions)} sessions, ${count(each)} rotations each`,
    `${(before.bytes / sessions).toFixed(0)} bytes a session before, ` +
      `${(after.bytes / sessions).toFixed(0)} after: ${grewBy} more for each rotated one; ` +
      `HOT ${toHotPercent(before, after).toFixed(1)} %; ` +
      `unused in the heap ${before.unusedPercent.toFixed(0)} % before, ` +
      `${after.unusedPercent.toFixed(0)} % after`,
  ]
}

async function sweepBesideLoad(
  { target, client, sessions, addExpired }: Grown,
  engine: Engine,
  { check, say }: { say: (line: string) => void; check: () => void },
): Promise<string[]> {
  const due = Math.min(expired, Math.floor(sessions * MOST_EXPIRED))
  const load = { clients, warmUpMs: WARM_UP_MS, measureMs: CHUNK_MS, isSpread: true, quietMs: 0 }
  const without = [(await drive(target, load, engine)).perSecond]
  await addExpired(due)
  say(`Added ${count(due)} expired sessions`)
  const during: Measured[] = []
  const startMs = performance.now()
  let left = due
  while (left > 0 && performance.now() - startMs < 1000 * sweepSeconds) {
    check()
    during.push(await drive(target, load, engine))
    const { rows } = await client.query<{ left: number }>(
      `select count(*)::int as left from ${SESSIONS}
       where sweep_bucket < extract(epoch from clock_timestamp()) / 21600 - 1`,
    )
    left = rows[0]?.left ?? 0
    say(`${count(left)} expired sessions left`)
  }
  const tookSeconds = (performance.now() - startMs) / 1000
  without.push((await drive(target, load, engine)).perSecond)
  const rate = median(during.map(({ perSecond }) => perSecond))
  const p99 = median(during.map(({ p99Ms }) => p99Ms))
  const ratio = rate / ((without[0] ?? Number.NaN) / 2 + (without[1] ?? Number.NaN) / 2)
  return [
    `clean-up of ${count(due)} expired of ${count(sessions)} sessions, beside ${clients} clients`,
    `${count(due - left)} deleted in ${tookSeconds.toFixed(0)} s ` +
      `(${count(Math.round((due - left) / tookSeconds))}/s); rotations ` +
      `${rate.toFixed(0)}/s, ${ratio.toFixed(2)} of those without it; p99 ${p99.toFixed(0)} ms`,
  ]
}

async function drainAnHour({ client, fillOutbox }: Grown): Promise<string[]> {
  const events = outboxRate * OUTBOX_SECONDS
  await drainOutbox(client, MAX_DRAIN_MS)
  const auditBefore = await readSchemaBytes(client, 'cleanup')
  await fillOutbox(events)
  const startMs = performance.now()
  await drainOutbox(client, MAX_DRAIN_MS)
  const tookSeconds = (performance.now() - startMs) / 1000
  const { bytes } = await readTable(client, 'token_store.outbox')
  const audit = ((await readSchemaBytes(client, 'cleanup')) - auditBefore) / events
  return [
    `outbox after an hour at ${outboxRate} rotations/s, without load`,
    `${count(events)} events published and in the audit trail after ` +
      `${tookSeconds.toFixed(0)} s ` +
      `(${count(Math.round(events / tookSeconds))}/s); the empty outbox has ` +
      `${(bytes / 1e6).toFixed(0)} MB, the audit trail ${audit.toFixed(0)} bytes an event`,
  ]
}
