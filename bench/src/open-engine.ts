import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedPostgres } from '@auto-refresh/embedded-postgres'
import { killWithParent } from '@auto-refresh/test-engines'
import { Client } from 'pg'
import type { BenchTools } from './run-bench.ts'

/** What Postgres has done in one database, but `walBytes` in all. */
export type Counters = Readonly<{
  commits: number
  walBytes: number
  /** WAL fsyncs of the open connections */
  fsyncsByPid: Readonly<Record<string, number>>
}>
export type Engine = Readonly<{
  /** its temporary folder, also for logs */
  folder: string
  pid: number
  client: Client
  /** creates a database and returns its URL */
  open: (database: string) => Promise<string>
  toUrl: (database: string) => string
  readCounters: (database: string) => Promise<Counters>
  /** date, machine and versions, for the head of a table */
  describe: () => string
}>

/**
 * Starts a Postgres with `fsync` and `synchronous_commit` on in a temporary folder. It is stopped
 * and its folder removed at the end, also when this process is killed.
 */
export async function openEngine({ running, say }: BenchTools): Promise<Engine> {
  const folder = await mkdtemp(join(tmpdir(), 'auto-refresh-bench-'))
  running.defer(() => rm(folder, { recursive: true, force: true }))
  say('Starting a durable Postgres')
  const postgres = await openEmbeddedPostgres({ dataDir: folder, log: say })
  running.defer(postgres.stop)
  const client = new Client({ connectionString: postgres.url })
  client.on('error', () => {})
  await client.connect()
  running.defer(() => client.end())
  const {
    rows: [engine],
  } = await client.query<{ pid: number; version: string; fsync: string; durable: string }>(
    `select split_part(pg_read_file('postmaster.pid'), e'\\n', 1)::int as pid,
       current_setting('server_version') as version, current_setting('fsync') as fsync,
       current_setting('synchronous_commit') as durable`,
  )
  if (engine?.fsync !== 'on' || engine.durable !== 'on') throw new Error('Postgres is not durable')
  const { pid, version } = engine
  running.defer(killWithParent({ pid, folder }))

  function toUrl(database: string): string {
    const url = new URL(postgres.url)
    url.pathname = database
    return url.href
  }

  return {
    folder,
    pid,
    client,
    toUrl,
    async open(database) {
      await client.query(`create database ${database}`)
      return toUrl(database)
    },
    async readCounters(database) {
      const {
        rows: [counters],
      } = await client.query<Counters>(
        `select
           (select xact_commit::float8 from pg_stat_database where datname = $1::text) as commits,
           pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as "walBytes",
           (
             select coalesce(json_object_agg(a.pid, io.fsyncs), '{}')
             from pg_stat_activity a, lateral (
               select coalesce(sum(s.fsyncs), 0) as fsyncs
               from pg_stat_get_backend_io(a.pid) s
               where s.object = 'wal'
             ) io
             where a.datname = $1::text
           ) as "fsyncsByPid"`,
        [database],
      )
      if (counters === undefined) throw new Error('Postgres returned no counters')
      return counters
    },
    describe() {
      const machine = `${cpus().length} cores ${cpus()[0]?.model ?? ''}`.trim()
      return (
        `${new Date().toISOString().slice(0, 10)}, ${machine}, Node ${process.versions.node}, ` +
        `Postgres ${version}, fsync on`
      )
    },
  }
}
