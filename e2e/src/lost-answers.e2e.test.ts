import { createTestDatabase } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runLossyClients } from './harness/run-lossy-clients.ts'
import { startCasesApi, type CasesApi } from './harness/start-cases-api.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'
import { SHORT_LIVED } from './harness/token-lifetimes.ts'

const env = { ...SHORT_LIVED, REFRESH_LIMIT: 'off' }
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let system: Standalone
let cases: CasesApi

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  system = await (
    await startStandalone({ dataDir: folder.path, databaseUrl: database.url, env })
  ).ready()
  cases = await startCasesApi({ dataDir: folder.path, authApiUrl: system.url })
  await cases.listening()
})
afterAll(async () => {
  await cases.stop()
  await system.stop()
  await folder.remove()
  await database.drop()
})

async function restart(): Promise<void> {
  const { ports } = system
  system.kill('SIGKILL')
  await system.exited
  system = await (
    await startStandalone({ dataDir: folder.path, databaseUrl: database.url, env, ports })
  ).ready()
}

test.each(['header', 'cookie'] as const)(
  '50 clients of a back end keep their sessions while a fifth of the answers is lost and auth-api restarts (%s)',
  async (transport) => {
    const { lost } = await runLossyClients({
      authUrl: system.url,
      backEnd: { url: cases.url, path: '/api/v1/cases' },
      transport,
      restart,
    })
    expect(lost).toBeGreaterThan(0)
    expect(await system.alarms()).toBe(0)
  },
)
