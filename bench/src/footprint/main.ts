import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Client } from 'pg'
import { cpuSeconds } from '../cpu-seconds.ts'
import { drive } from '../drive.ts'
import { fillSessions } from '../growth/fill-sessions.ts'
import { readSchemaBytes, readTable } from '../growth/read-table.ts'
import { openEngine, type Engine } from '../open-engine.ts'
import { drainOutbox } from '../outbox/drain-outbox.ts'
import { signIn } from '../parts/sign-in.ts'
import { readFamilyMemory, readMemory } from '../read-memory.ts'
import { collectRows } from '../report/collect-rows.ts'
import { median } from '../report/median.ts'
import { toMarkdown } from '../report/to-markdown.ts'
import { writeSection } from '../report/write-section.ts'
import { runBench } from '../run-bench.ts'
import { startOneProcess, type Target } from '../targets.ts'
import { measureInstall } from './measure-install.ts'

/** `npm run bench:footprint` measures memory, CPU and disk of one process and its Postgres. */
const USAGE = 'npm run bench:footprint -- [--seconds 30] [--write]'
const DEADLINE_MINUTES = 5
const STARTS = 3
const SESSIONS = 100_000
const WARM_UP_MS = 1000
/** After a start, until the first runs of the periodic tasks are done. */
const SETTLE_MS = 5000
const MEMORY_EVERY_MS = 1000
const MAX_DRAIN_MS = 60_000
const LOADS = [
  // docs/scaling.md calculates the rate.
  { title: 'the peak of 100,000 active users', clients: 10, everyMs: 200 },
  { title: 'the full load of 64 clients', clients: 64, everyMs: 0 },
]

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    write: { type: 'boolean', default: false },
  },
})
const measureMs = 1000 * Number(values.seconds)
if (!Number.isInteger(measureMs) || measureMs <= 0) {
  process.stderr.write(`${USAGE}\n`)
  process.exit(64)
}
const toMb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`

await runBench({ deadlineMinutes: DEADLINE_MINUTES }, async (tools) => {
  const engine = await openEngine(tools)
  const { rows, add } = collectRows(tools)
  const databaseUrl = await engine.open('footprint')
  const key = randomBytes(32)
  async function start(name: string, settings: Readonly<Record<string, string>>) {
    const path = process.env['PATH'] ?? ''
    const startMs = performance.now()
    const options = { name, settings, sessions: 0, databaseUrl, logDir: engine.folder, path }
    const target = await startOneProcess(options)
    tools.running.defer(target.stop)
    return { ...target, tookSeconds: (performance.now() - startMs) / 1000 }
  }

  const { all, production } = await measureInstall()
  add(
    'installed packages',
    `${toMb(all)}; ${toMb(production)} of them in the image, without development dependencies`,
  )
  const [first, later]: [number[], number[]] = [[], []]
  for (let i = 0; i < STARTS; i += 1)
    for (const times of [first, later]) {
      // Without DATABASE_URL it starts a Postgres of its own.
      const { tookSeconds, stop } = await start(`own ${i}`, { DATABASE_URL: '' })
      times.push(tookSeconds)
      await stop()
    }
  add(
    '`npm start` until ready',
    `${median(later).toFixed(1)} s; ${median(first).toFixed(1)} s in an empty \`DATA_DIR\``,
  )

  const target = await start('footprint', { REFRESH_TOKEN_KEYS: `1:${key.toString('base64')}` })
  const client = new Client({ connectionString: databaseUrl })
  client.on('error', () => {})
  await client.connect()
  tools.running.defer(() => client.end())
  await delay(SETTLE_MS)
  add('idle', (await watch(target, engine, () => delay(measureMs))).use)
  const empty = await readNumber(client, 'pg_database_size(current_database())')
  const walAtStart = await readNumber(client, '(select sum(size) from pg_ls_waldir())')

  await signIn(target.url)
  const { mintTokens } = await fillSessions(client, SESSIONS, key)
  target.sessions.push(...(await mintTokens(SESSIONS)))
  const { bytes } = await readTable(client, 'token_store.sessions')
  await client.query('checkpoint')
  await drainOutbox(client, MAX_DRAIN_MS)
  const auditBefore = await readSchemaBytes(client, 'cleanup')
  let rotations = 0
  for (const { title, ...load } of LOADS) {
    const { result, use } = await watch(target, engine, () =>
      drive(target, { ...load, warmUpMs: WARM_UP_MS, measureMs, isSpread: true }, engine),
    )
    add(`${result.perSecond.toFixed(0)} refreshes/s, ${title}`, use)
    rotations += result.rotations
  }
  await drainOutbox(client, MAX_DRAIN_MS)
  const audit = ((await readSchemaBytes(client, 'cleanup')) - auditBefore) / rotations
  add(
    'database',
    `${toMb(empty)} empty; ${(bytes / SESSIONS).toFixed(0)} bytes a session; ` +
      `${audit.toFixed(0)} kB of audit trail for 1,000 refreshes`,
  )
  const wal = await readNumber(client, '(select sum(size) from pg_ls_waldir())')
  const limit = await readNumber(client, `pg_size_bytes(current_setting('max_wal_size'))`)
  add(
    'WAL on disk',
    `${toMb(walAtStart)} at the start, ${toMb(wal)} after the full load; ` +
      `\`max_wal_size\` ${toMb(limit)}`,
  )

  const report = `${engine.describe()}.\n\n${toMarkdown(['part', 'result'], rows)}`
  process.stdout.write(`${report}\n`)
  if (values.write) await writeSection('footprint', report, { page: 'small.md' })
})

/** Returns what the work resolves to, and the CPU and the most memory until then. */
async function watch<T>({ pids: [pid = 0] }: Target, engine: Engine, work: () => Promise<T>) {
  const all = [
    { name: 'process', pid, readMiB: readMemory, most: 0, cpu: await cpuSeconds([pid]) },
    {
      name: 'Postgres',
      pid: engine.pid,
      readMiB: readFamilyMemory,
      most: 0,
      cpu: await cpuSeconds([engine.pid]),
    },
  ]
  const startMs = performance.now()
  const done = new AbortController()
  async function sample(): Promise<void> {
    while (!done.signal.aborted) {
      for (const each of all) each.most = Math.max(each.most, await each.readMiB(each.pid))
      await delay(MEMORY_EVERY_MS)
    }
  }
  const working = work().finally(() => done.abort())
  const [result] = await Promise.all([working, sample()])
  const seconds = (performance.now() - startMs) / 1000
  const parts = all.map(async (each) => {
    const percent = (100 * ((await cpuSeconds([each.pid])) - each.cpu)) / seconds
    return `${each.name} ${each.most} MiB, ${percent.toFixed(1)} % of a core`
  })
  return { result, use: (await Promise.all(parts)).join('; ') }
}

async function readNumber(client: Client, expression: string): Promise<number> {
  const { rows } = await client.query<{ value: number }>(`select (${expression})::float8 as value`)
  return rows[0]?.value ?? Number.NaN
}
