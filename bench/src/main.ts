import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openEmbeddedPostgres } from '@auto-refresh/embedded-postgres'
import { startOwnKafka } from '@auto-refresh/test-engines'
import { Client } from 'pg'
import { drive } from './drive.ts'
import { startFloor, startOneProcess, startPeer, startServices, type Target } from './targets.ts'
import { startWatched } from './telemetry/start-watched.ts'
import { toTable, type Reference, type Sample } from './to-table.ts'

const USAGE =
  'npm run bench -- [--clients 1,16,64,256] [--services | --telemetry] [--rounds 3] [--seconds 3]'
const WARM_UP_MS = 1000

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '64' },
    services: { type: 'boolean', default: false },
    telemetry: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
  },
})
const loads = values.clients.split(',').map(Number)
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)]
if (![...loads, rounds, seconds].every((value) => value > 0 && Number.isInteger(value)))
  throw new Error(USAGE)

const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort(new Error('Interrupted')))
const say = (line: string) => process.stderr.write(`${line}\n`)

await using running = new AsyncDisposableStack()
const folder = await mkdtemp(join(tmpdir(), 'auto-refresh-bench-'))
running.defer(() => rm(folder, { recursive: true, force: true }))
say('Starting a durable Postgres')
const postgres = await openEmbeddedPostgres({ dataDir: folder, log: say })
running.defer(postgres.stop)
const client = new Client({ connectionString: postgres.url })
await client.connect()
running.defer(() => client.end())
const {
  rows: [engine],
} = await client.query<{ pid: number; version: string; fsync: string }>(
  `select split_part(pg_read_file('postmaster.pid'), e'\\n', 1)::int as pid,
     current_setting('server_version') as version, current_setting('fsync') as fsync`,
)
if (engine?.fsync !== 'on') throw new Error('Postgres is not durable')

async function open(database: string) {
  await client.query(`create database ${database}`)
  const url = new URL(postgres.url)
  url.pathname = database
  return {
    sessions: Math.max(...loads),
    databaseUrl: url.href,
    logDir: folder,
    path: process.env['PATH'] ?? '',
  }
}

async function start(starting: Promise<Target>): Promise<Target> {
  const target = await starting
  running.defer(target.stop)
  say(`Started ${target.name}`)
  return target
}

const targets: Target[] = []
const references: Reference[] = []
if (values.telemetry) {
  for (const starting of startWatched({ open, onClose: (close) => running.defer(close) }))
    targets.push(await start(starting()))
  for (const name of ['no metrics', 'no traces'])
    references.push({ title: `own CPU to ${name}`, key: 'ownMicros', name })
} else {
  targets.push(
    await start(startFloor(await open('floor'))),
    await start(startPeer(await open('peer'))),
    await start(startOneProcess(await open('one_process'))),
  )
  for (const name of ['floor', 'peer'])
    references.push({ title: `to the ${name}`, key: 'perSecond', name })
}
if (values.services) {
  const kafka = await startOwnKafka(process.env)
  running.defer(kafka.stop)
  targets.push(
    await start(startServices({ ...(await open('services')), brokers: kafka.brokers.join(',') })),
  )
}

const samples: Sample[] = []
for (let round = 0; round < rounds; round += 1) {
  for (const clients of loads) {
    // Every other round in reverse, so that no target always follows the same one.
    for (const target of round % 2 === 0 ? targets : targets.toReversed()) {
      interrupted.signal.throwIfAborted()
      const measured = await drive(
        target,
        { clients, warmUpMs: WARM_UP_MS, measureMs: 1000 * seconds },
        engine.pid,
      )
      samples.push({ ...measured, round, clients, name: target.name })
      say(
        `round ${round + 1}, ${clients} clients, ${target.name}: ${measured.perSecond.toFixed(0)}/s`,
      )
    }
  }
}

const order = (name: Target['name']) => targets.findIndex((target) => target.name === name)
samples.sort((a, b) => a.clients - b.clients || order(a.name) - order(b.name))
const machine = `${cpus().length} cores ${cpus()[0]?.model ?? ''}`.trim()
process.stdout.write(
  `${new Date().toISOString().slice(0, 10)}, ${machine}, Node ${process.versions.node}, ` +
    `Postgres ${engine.version}, fsync on; ${rounds} interleaved rounds of ${seconds} s.\n\n` +
    `${toTable(samples, references)}\n`,
)
