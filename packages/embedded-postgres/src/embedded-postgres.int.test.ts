import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Client } from 'pg'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { findEmbeddedPostgres } from './find-embedded-postgres.ts'
import { openEmbeddedPostgres, type EmbeddedPostgres } from './open-embedded-postgres.ts'
import { endPostmaster, findPostmaster } from './postmaster.ts'

const HOLDER = join(import.meta.dirname, 'testing/hold-embedded-postgres.ts')

let root: string
let dataDir: string
let data: string
let logged: string[]
const opened: EmbeddedPostgres[] = []
const holders: ChildProcess[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'embedded-'))
  // Closed to other users, with a blank in its name, as is common.
  dataDir = join(root, 'my data')
  await mkdir(dataDir, { mode: 0o700 })
  data = join(dataDir, 'postgres/data')
  logged = []
})
afterEach(async () => {
  for (const holder of holders.splice(0)) holder.kill('SIGKILL')
  await Promise.all(opened.splice(0).map((postgres) => postgres.stop()))
  const left = await findPostmaster(data)
  if (left !== undefined) await endPostmaster(left.pid, data)
  await rm(root, { recursive: true, force: true })
})

async function open(options: { onRestart?: () => void } = {}): Promise<EmbeddedPostgres> {
  const postgres = await openEmbeddedPostgres({
    dataDir,
    log: (message) => logged.push(message),
    ...options,
  })
  opened.push(postgres)
  return postgres
}

/** Starts another process that owns the directory; resolves to its URL. */
async function hold(): Promise<{ holder: ChildProcess; url: string }> {
  const holder = spawn(process.execPath, [HOLDER, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  holders.push(holder)
  const url = await new Promise<string>((resolve) =>
    createInterface(holder.stdout).once('line', resolve),
  )
  return { holder, url }
}

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}

test('it keeps data and password across a stop, and leaves no process running', async () => {
  const first = await open()
  await query(first.url, 'create table things as select 7 as id')
  await first.stop()
  await first.stop()
  expect(await findPostmaster(data)).toBeUndefined()
  expect(await findEmbeddedPostgres({ dataDir })).toBeUndefined()
  const second = await open()
  expect(await query(second.url, 'select id from things')).toEqual([{ id: 7 }])
  expect(new URL(second.url).password).toBe(new URL(first.url).password)
  expect((await stat(join(dataDir, 'postgres/password'))).mode & 0o777).toBe(0o600)
})

test('it starts although libpq variables are set for another server', async () => {
  for (const [name, value] of Object.entries({
    PGSSLMODE: 'require',
    PGSSLNEGOTIATION: 'direct',
    PGOPTIONS: '-c nonsense=1',
    PGHOST: 'db.invalid',
  }))
    vi.stubEnv(name, value)
  await open()
  vi.unstubAllEnvs()
  expect(await findPostmaster(data)).toBeDefined()
})

test('it listens only on loopback, without a socket file, requires the password, and has page checksums', async () => {
  const { url } = await open()
  const settings =
    "select name, setting from pg_settings where name in ('listen_addresses', 'unix_socket_directories', 'data_checksums', 'fsync', 'server_encoding') order by name"
  expect(await query(url, settings)).toEqual([
    { name: 'data_checksums', setting: 'on' },
    { name: 'fsync', setting: 'on' },
    { name: 'listen_addresses', setting: '127.0.0.1' },
    { name: 'server_encoding', setting: 'UTF8' },
    { name: 'unix_socket_directories', setting: '' },
  ])
  await expect(query(url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toMatchObject({
    code: '28P01',
  })
})

test('a second process is rejected and does not disturb the first', async () => {
  const { url } = await hold()
  const before = await findPostmaster(data)
  await expect(open()).rejects.toThrow(`The DATA_DIR ${dataDir} is in use by another process`)
  expect(await findPostmaster(data)).toEqual(before)
  expect(await findEmbeddedPostgres({ dataDir })).toEqual({ url })
  expect(await query(url, 'select 1 as n')).toEqual([{ n: 1 }])
})

test('of several concurrent processes one gets a new directory, the others are rejected', async () => {
  const results = await Promise.allSettled([open(), open(), open()])
  const winners = results.filter((result) => result.status === 'fulfilled')
  const losers = results.filter((result) => result.status === 'rejected')
  expect([winners.length, losers.map(({ reason }) => String(reason))]).toEqual([
    1,
    [expect.stringContaining('in use'), expect.stringContaining('in use')],
  ])
  expect(await query(winners[0]?.value.url ?? '', 'select 1 as n')).toEqual([{ n: 1 }])
  expect(await readdir(dataDir)).toEqual(['postgres'])
})

test('the server of an owner killed with -9 is taken over with all committed data', async () => {
  const { holder, url } = await hold()
  await query(url, 'create table things as select 7 as id')
  const left = await findPostmaster(data)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const postgres = await open()
  expect([postgres.url, await findPostmaster(data)]).toEqual([url, left])
  expect(await query(url, 'select id from things')).toEqual([{ id: 7 }])
  await postgres.stop()
  expect(await findPostmaster(data)).toBeUndefined()
})

test('when owner and server were both killed, the next start recovers the data', async () => {
  const { holder, url } = await hold()
  await query(url, 'create table things as select 7 as id')
  holder.kill('SIGKILL')
  process.kill((await findPostmaster(data))?.pid ?? 0, 'SIGKILL')
  const postgres = await open()
  expect(await query(postgres.url, 'select id from things')).toEqual([{ id: 7 }])
})

test.each(['own', 'taken over'] as const)(
  'a crashed server is restarted at the same address, still owned (%s)',
  async (kind) => {
    if (kind === 'taken over') {
      const { holder } = await hold()
      holder.kill('SIGKILL')
    }
    let restarts = 0
    const { url, stop } = await open({ onRestart: () => (restarts += 1) })
    const before = await findPostmaster(data)
    process.kill(before?.pid ?? 0, 'SIGKILL')
    await expect.poll(() => restarts, { timeout: 40_000 }).toBe(1)
    expect(await query(url, 'select 1 as n')).toEqual([{ n: 1 }])
    expect((await findPostmaster(data))?.pid).not.toBe(before?.pid)
    await expect(open()).rejects.toThrow('in use')
    await stop()
    expect(await findPostmaster(data)).toBeUndefined()
  },
)

test('a stop during the restart of a crashed server leaves no process running', async () => {
  const { stop } = await open()
  process.kill((await findPostmaster(data))?.pid ?? 0, 'SIGKILL')
  await expect.poll(() => logged).toContain('Postgres exited unexpectedly, restarting it')
  await stop()
  expect(await findPostmaster(data)).toBeUndefined()
})

test('files of an interrupted first start are removed, not used as data', async () => {
  const half = join(dataDir, 'postgres.making-999999999-abcd')
  await mkdir(join(half, 'data/base'), { recursive: true })
  await writeFile(join(half, 'data/PG_VERSION'), '18')
  const { url } = await open()
  expect(await query(url, 'select 1 as n')).toEqual([{ n: 1 }])
  expect(await readdir(dataDir)).toEqual(['postgres'])
})

test('a process that exits at once can ask the server to stop', async () => {
  const postgres = await open()
  postgres.abandon()
  await expect.poll(() => findPostmaster(data)).toBeUndefined()
  await postgres.stop()
  postgres.abandon()
})

test('a process id in the lock file that belongs to another process does not prevent the start', async () => {
  const first = await open()
  const lockFile = join(data, 'postmaster.pid')
  await cp(lockFile, join(root, 'copy'))
  await first.stop()
  const lines = (await readFile(join(root, 'copy'), 'utf8')).split('\n')
  await writeFile(lockFile, [String(process.pid), ...lines.slice(1)].join('\n'))
  const second = await open()
  expect(await query(second.url, 'select 1 as n')).toEqual([{ n: 1 }])
})

test.runIf(process.platform === 'linux')(
  'on Linux, an interrupt from the terminal does not stop it',
  async () => {
    await open()
    const running = await findPostmaster(data)
    const fields =
      (await readFile(`/proc/${running?.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? []
    // state, parent, process group, session
    expect(fields.slice(2, 4)).toEqual([String(running?.pid), String(running?.pid)])
  },
)
