import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openEmbeddedPostgres } from '@auto-refresh/embedded-postgres'
import { Client } from 'pg'
import { findFreePort } from '@auto-refresh/test-engines'
import { startProcess } from '../run-process.ts'
import { watchList, type Watched } from './watch-list.ts'

/** `npm run bench:revocations` prints what a list of ended sessions costs one process. */
const USAGE = 'npm run bench:revocations -- [--sessions 500000]'
const ROWS_A_STATEMENT = 5000
const STEADY_SECONDS = 20

const { values } = parseArgs({ options: { sessions: { type: 'string', default: '500000' } } })
const count = Number(values.sessions)
if (!(count > 0 && Number.isInteger(count))) throw new Error(USAGE)

const say = (line: string) => process.stderr.write(`${line}\n`)
await using running = new AsyncDisposableStack()
const folder = await mkdtemp(join(tmpdir(), 'auto-refresh-revocations-'))
running.defer(() => rm(folder, { recursive: true, force: true }))
const postgres = await openEmbeddedPostgres({ dataDir: folder, log: say })
running.defer(postgres.stop)
const client = new Client({ connectionString: postgres.url })
await client.connect()
running.defer(() => client.end())

const password = randomBytes(12).toString('hex')
const apiKey = randomBytes(32).toString('base64')
const [port, adminPort] = [String(await findFreePort()), String(await findFreePort())]
const [url, adminUrl] = [port, adminPort].map((each) => `http://127.0.0.1:${each}`) as [
  string,
  string,
]
const env = {
  PATH: process.env['PATH'] ?? '',
  NODE_OPTIONS: process.env['NODE_OPTIONS'] ?? '',
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  PORT: port,
  ADMIN_PORT: adminPort,
  DATABASE_URL: postgres.url,
  DATA_DIR: join(folder, 'data'),
  DEMO_USER_PASSWORD: password,
  API_KEYS: `bench=revocations:read:${apiKey}`,
}

async function open() {
  const startMs = performance.now()
  const file = 'services/standalone/src/main.ts'
  const { pid, stop } = await startProcess({
    file,
    env,
    readyUrl: `${adminUrl}/readyz`,
    logDir: folder,
  })
  return { adminUrl, pid, stop, seconds: (performance.now() - startMs) / 1000 }
}

/** Ends copies of the one existing session, like as many logouts within a few seconds. */
async function endSessions(): Promise<void> {
  const {
    rows: [same],
  } = await client.query<{ columns: string }>(
    `select string_agg(quote_ident(attname), ', ') as columns from pg_attribute
     where attrelid = 'token_store.sessions'::regclass and attnum > 0 and not attisdropped
       and attname not in ('id', 'revoke_reason', 'revoked_at', 'access_expires_at')`,
  )
  for (let done = 0; done < count; done += ROWS_A_STATEMENT) {
    await client.query(
      `insert into token_store.sessions (id, revoke_reason, revoked_at, access_expires_at, ${same?.columns})
       select gen_random_uuid(), 'logout', clock_timestamp(),
         clock_timestamp() + interval '30 minutes', ${same?.columns}
       from token_store.sessions s, generate_series(1, $1::int) where s.revoked_at is null`,
      [Math.min(ROWS_A_STATEMENT, count - done)],
    )
  }
}

const rows: string[] = []
function report(phase: string, { seconds, medianAge, maxAge, maxMemory }: Watched): void {
  const load = (loadavg()[0] ?? 0).toFixed(1)
  const cells = [
    phase,
    seconds.toFixed(1),
    `${medianAge.toFixed(2)} / ${maxAge.toFixed(2)}`,
    maxMemory,
    load,
  ]
  rows.push(`| ${cells.join(' | ')} |`)
  say(rows.at(-1) ?? '')
}

/** Reads the whole list, as a back end does once. */
async function readWhole(): Promise<string> {
  const startMs = performance.now()
  const headers = { authorization: `Bearer ${apiKey}` }
  const answer = await fetch(`${url}/api/v1/auth/revocations`, { headers })
  const bytes = (await answer.arrayBuffer()).byteLength
  if (answer.status !== 200) throw new Error(`The feed responded ${answer.status}`)
  return `The whole list: ${(bytes / 1e6).toFixed(1)} MB in ${((performance.now() - startMs) / 1000).toFixed(1)} s`
}

let product = await open()
running.defer(() => product.stop())
const signIn = await fetch(`${url}/api/v1/auth/token`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ username: 'admin', password }),
})
if (signIn.status !== 200) throw new Error(`The sign-in responded ${signIn.status}`)
say(`Started in ${product.seconds.toFixed(1)} s; ending ${count} sessions`)

const ending = endSessions()
const burst = watchList(product, ({ age, entries }) => entries === count && age < 1)
await Promise.all([ending, burst])
report('a burst, until all are known', await burst)
report('after it', await watchList(product, ({ seconds }) => seconds > STEADY_SECONDS))
await product.stop()
product = await open()
report(
  `a restart, ready after ${product.seconds.toFixed(1)} s`,
  await watchList(product, ({ seconds }) => seconds > STEADY_SECONDS),
)
const whole = await readWhole()
report(
  'a back end reads the whole list',
  await watchList(product, ({ seconds }) => seconds > STEADY_SECONDS / 4),
)

const machine = `${cpus().length} cores, Node ${process.versions.node}`
process.stdout.write(`${new Date().toISOString().slice(0, 10)}, ${machine}, ${count} ended sessions.
${whole}

| phase | seconds | age of the feed in seconds, median / max | memory MiB, max | load |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`)
