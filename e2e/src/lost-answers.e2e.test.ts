import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { stopWithParent } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runLossyClients } from './harness/run-lossy-clients.ts'
import { startRestartable, type Restartable } from './harness/start-restartable.ts'
import { REPOSITORY } from './harness/start-standalone.ts'

let system: Restartable
beforeAll(async () => {
  system = await startRestartable()
})
afterAll(() => system.stop())

/** Starts the back end that the contract of the adapters tests, in its own process. */
async function startBackEnd(adapter: string) {
  const apiKeys = await readFile(join(system.dataDir, 'keys/API_KEYS'), 'utf8')
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
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  )
  stopWithParent(child)
  const exited = once(child, 'exit')
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const [url] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    exited.then(() => Promise.reject(new Error(`The back end ended: ${errors}`))),
  ])) as [string]
  return {
    url,
    async stop() {
      child.stdin.end()
      await exited
    },
  }
}

test('50 clients of a back end on each adapter keep their sessions while a fifth of the answers is lost and auth-api restarts', async () => {
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
        restart: system.restart,
      })
      expect(lost).toBeGreaterThan(0)
      await backEnd.stop()
    }),
  )
  expect(await system.alarms()).toBe(0)
})
