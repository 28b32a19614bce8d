import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { copyNextRotation } from '../outbox/copy-next-rotation.ts'
import type { Engine } from '../open-engine.ts'
import type { BenchTools } from '../run-bench.ts'
import { startOneProcess, type Target } from '../targets.ts'
import { fillSessions } from './fill-sessions.ts'

/** A running `npm start` on a database with many generated sessions. */
export type Grown = Readonly<{
  sessions: number
  target: Target
  client: Client
  addExpired: (count: number) => Promise<void>
  fillOutbox: (events: number) => Promise<void>
}>

/** Creates the database, starts the service and generates the sessions; `driven` have tokens. */
export async function openGrown(
  { running, say }: BenchTools,
  engine: Engine,
  { sessions, driven, path }: { sessions: number; driven: number; path: string },
): Promise<Grown> {
  const database = `sessions_${sessions}`
  const databaseUrl = await engine.open(database)
  const key = randomBytes(32)
  const settings = {
    REFRESH_TOKEN_KEYS: `1:${key.toString('base64')}`,
    CLEANUP_INTERVAL_SECONDS: '1',
  }
  const target = await startOneProcess({
    name: database,
    settings,
    sessions: 1,
    databaseUrl,
    logDir: engine.folder,
    path,
  })
  running.defer(target.stop)
  const client = new Client({ connectionString: databaseUrl })
  client.on('error', () => {})
  await client.connect()
  running.defer(() => client.end())
  await client.query('create extension if not exists pgstattuple').catch(() => {})
  const startMs = performance.now()
  const { mintTokens, addExpired } = await fillSessions(client, sessions, key)
  const fillOutbox = await copyNextRotation(client)
  target.sessions.splice(0, 1, ...(await mintTokens(Math.min(driven, sessions))))
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0)
  say(`Generated ${sessions} sessions in ${seconds} s`)
  return { sessions, target, client, addExpired, fillOutbox }
}
