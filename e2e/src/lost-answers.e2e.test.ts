import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createTestDatabase, stopWithParent } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runLossyClients } from './harness/run-lossy-clients.ts'
import {
  REPOSITORY,
  startStandalone,
  temporaryFolder,
  type Standalone,
} from './harness/start-standalone.ts'
import { SHORT_LIVED } from './harness/token-lifetimes.ts'

const env = { ...SHORT_LIVED, REFRESH_LIMIT: 'off', SESSION_LIMIT: '1000' }
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let system: Standalone

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  system = await (
    await startStandalone({ dataDir: folder.path, databaseUrl: database.url, env })
  ).ready()
})
afterAll(async () => {
  await system.stop()
  await folder.remove()
  await database.drop()
})

/** Starts the back end that the contract of the adapters tests, in its own process. */
async function startBackEnd(adapter: string) {
  const apiKeys = await readFile(join(folder.path, 'keys/API_KEYS'), 'utf8')
  const options = {
    issuer: 'http://localhost:8000',
    authApiUrl: system.url,
    apiKey: apiKeys.trim().split(':').at(-1),
  }
  const child = spawn(
    process.execPath,
    [join(REPOSITORY, `packages/server/src/testing/back-ends/${adapter}.mjs`)],
    {
      env: { PATH: process.env['PATH'] ?? '', BACK_END: JSON.stringify({ options }) },
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  )
  stopWithParent(child)
  const exited = once(child, 'exit')
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string]
  return {
    url,
    async stop() {
      child.stdin.end()
      await exited
    },
  }
}

async function restart(): Promise<void> {
  const { ports } = system
  system.kill('SIGKILL')
  await system.exited
  system = await (
    await startStandalone({ dataDir: folder.path, databaseUrl: database.url, env, ports })
  ).ready()
}

test('50 clients of a back end on each adapter keep their sessions while a fifth of the answers is lost and auth-api restarts', async () => {
  let restarting: Promise<void> | undefined
  const runs = [
    { adapter: 'fastify', transport: 'header' },
    { adapter: 'express', transport: 'cookie' },
    { adapter: 'fetch', transport: 'header' },
  ] as const
  await Promise.all(
    runs.map(async ({ adapter, transport }) => {
      const backEnd = await startBackEnd(adapter)
      const { lost } = await runLossyClients({
        authUrl: system.url,
        backEnd: { url: backEnd.url, path: '/cases' },
        transport,
        restart: () => (restarting ??= restart()),
      })
      expect(lost).toBeGreaterThan(0)
      await backEnd.stop()
    }),
  )
  expect(await system.alarms()).toBe(0)
})
