import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startOwnKafka } from '@auto-refresh/test-engines'
import { Client } from 'pg'
import { drive } from '../drive.ts'
import { openEngine, type Engine } from '../open-engine.ts'
import { drainOutbox } from '../outbox/drain-outbox.ts'
import { copyNextRotation } from '../outbox/copy-next-rotation.ts'
import { readMemory } from '../read-memory.ts'
import { collectRows } from '../report/collect-rows.ts'
import { median } from '../report/median.ts'
import { toMarkdown } from '../report/to-markdown.ts'
import { writeSection } from '../report/write-section.ts'
import { runBench } from '../run-bench.ts'
import { startOneProcess, startServices, type Target } from '../targets.ts'
import { measurePropagation } from './measure-propagation.ts'
import { measureSignIns } from './measure-sign-ins.ts'
import { measureVerification } from './measure-verification.ts'
import { signIn } from './sign-in.ts'

/** `npm run bench:parts` measures everything else that users and operators wait or pay for. */
const USAGE =
  'npm run bench:parts -- [--services] [--seconds 5] [--revocations 50] [--events 100000] [--write]'
const DEADLINE_MINUTES = 20
const STARTS = 5
const CLIENTS = 64
const MAX_DRAIN_MS = 300_000
const MEMORY_EVERY_MS = 200
const WARM_UP_MS = 1000

const { values } = parseArgs({
  options: {
    services: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '5' },
    revocations: { type: 'string', default: '50' },
    events: { type: 'string', default: '100000' },
    write: { type: 'boolean', default: false },
  },
})
const [seconds, revocations, events] = [values.seconds, values.revocations, values.events].map(
  Number,
) as [number, number, number]
if (![seconds, revocations, events].every((value) => Number.isInteger(value) && value > 0)) {
  process.stderr.write(`${USAGE}\n`)
  process.exit(64)
}
const path = process.env['PATH'] ?? ''

await runBench({ deadlineMinutes: DEADLINE_MINUTES }, async (tools) => {
  const engine = await openEngine(tools)
  const { rows, add } = collectRows(tools)
  const apiKey = randomBytes(32).toString('base64')
  const databaseUrl = await engine.open('one_process')
  const options = { databaseUrl, logDir: engine.folder, path }
  const start = async () => {
    const target = await startOneProcess({
      ...options,
      sessions: 0,
      settings: { API_KEYS: `bench=revocations:read:${apiKey}` },
    })
    tools.running.defer(target.stop)
    return target
  }

  const first = await timeStart(start)
  const later: number[] = []
  for (let i = 0; i < STARTS; i += 1) later.push(await timeStart(start))
  add(
    'start to ready, one process',
    `${median(later).toFixed(1)} s; ${first.toFixed(1)} s on an empty database`,
  )

  const target = await start()
  const { url } = target
  for (const clients of [1, 16]) {
    const { perSecond, p50Ms, p99Ms, cpuMs, busy } = await measureSignIns(target, {
      clients,
      measureMs: 1000 * seconds,
    })
    add(
      `sign-in (argon2id), ${clients} ${clients === 1 ? 'client' : 'clients'}`,
      `${perSecond.toFixed(1)}/s; p50 / p99 ${p50Ms.toFixed(0)} / ${p99Ms.toFixed(0)} ms; ` +
        `CPU ${cpuMs.toFixed(0)} ms each${busy === 0 ? '' : `; ${busy} answers 503`}`,
    )
  }

  const { oursMicros, joseMicros, ratio } = await measureVerification(url, await signIn(url))
  add(
    'verification of an access token',
    `server package ${oursMicros.toFixed(0)} us, bare jose ${joseMicros.toFixed(0)} us of CPU: ` +
      `ratio ${ratio.toFixed(2)}`,
  )

  const spread = await measurePropagation({ url, apiKey, revocations })
  add(
    `revocation, until a back end refuses (${revocations})`,
    `p50 / p99 ${spread.p50Ms.toFixed(0)} / ${spread.p99Ms.toFixed(0)} ms, ` +
      `at most ${spread.maxMs.toFixed(0)} ms`,
  )

  await target.stop()
  const fresh = await start()
  add('memory, one process', await measureMemory(fresh, engine))
  add(
    'events published and written to the audit trail, one process',
    await measureRelay(fresh, engine),
  )

  if (values.services) {
    const kafka = await startOwnKafka(process.env)
    tools.running.defer(kafka.stop)
    const brokers = kafka.brokers.join(',')
    const services = await startServices({
      ...options,
      databaseUrl: await engine.open('services'),
      sessions: 0,
      brokers,
    })
    tools.running.defer(services.stop)
    add('memory: token-store + cleanup-worker + auth-api', await measureMemory(services, engine))
    add('events published to Kafka, services', await measureRelay(services, engine))
  }

  const report = `${engine.describe()}.\n\n${toMarkdown(['part', 'result'], rows)}`
  process.stdout.write(`${report}\n`)
  if (values.write) await writeSection('parts', report)
})

/** Returns the seconds from the start of a process until it is ready, and stops it. */
async function timeStart(start: () => Promise<Target>): Promise<number> {
  const startMs = performance.now()
  const { stop } = await start()
  const tookSeconds = (performance.now() - startMs) / 1000
  await stop()
  return tookSeconds
}

/** Memory after the start, and the most while clients refresh; leaves sessions for more loads. */
async function measureMemory(target: Target, engine: Engine): Promise<string> {
  const read = () => Promise.all(target.pids.map(readMemory))
  const idle = await read()
  while (target.sessions.length < CLIENTS)
    target.sessions.push((await signIn(target.url)).refreshToken)
  const most = [...idle]
  const done = new AbortController()
  const load = { clients: CLIENTS, warmUpMs: WARM_UP_MS, measureMs: 2000 * seconds }
  async function sample(): Promise<void> {
    while (!done.signal.aborted) {
      const now = await read()
      now.forEach((mebibytes, i) => (most[i] = Math.max(most[i] ?? 0, mebibytes)))
      await delay(MEMORY_EVERY_MS)
    }
  }
  const driving = drive(target, load, engine).finally(() => done.abort())
  const [{ perSecond }] = await Promise.all([driving, sample()])
  return (
    `idle ${idle.join(' + ')} MiB; at most ${most.join(' + ')} MiB ` +
    `with ${CLIENTS} clients (${perSecond.toFixed(0)} rotations/s)`
  )
}

/** Publishes copies of a rotation's event from a full outbox. */
async function measureRelay(target: Target, engine: Engine): Promise<string> {
  const client = new Client({ connectionString: engine.toUrl(target.database) })
  await client.connect()
  try {
    const fillOutbox = await copyNextRotation(client)
    await drive(target, { clients: 1, warmUpMs: WARM_UP_MS, measureMs: 1000 }, engine)
    await fillOutbox(events)
    const startMs = performance.now()
    await drainOutbox(client, MAX_DRAIN_MS)
    const tookSeconds = (performance.now() - startMs) / 1000
    return `${(events / tookSeconds).toFixed(0)}/s (${events} events)`
  } finally {
    await client.end()
  }
}
