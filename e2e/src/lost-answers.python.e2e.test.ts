import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually, stopWithParent } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { installPythonPackage } from './harness/install-python-package.ts'
import { readBlocks } from './harness/read-blocks.ts'
import { runLossyClients } from './harness/run-lossy-clients.ts'
import { startRestartable, type Restartable } from './harness/start-restartable.ts'
import { temporaryFolder } from './harness/start-standalone.ts'

let system: Restartable
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let installed: Awaited<ReturnType<typeof installPythonPackage>>
beforeAll(async () => {
  ;[folder, installed, system] = await Promise.all([
    temporaryFolder(),
    installPythonPackage(),
    startRestartable(),
  ])
  // The back end is the one that docs/integrate.md shows.
  const shown = readBlocks('docs/integrate.md').find(({ language }) => language === 'python')
  await writeFile(
    join(folder.path, 'main.py'),
    `def cases_of(user_id):\n    return {"cases": user_id}\n\n${shown?.code}`,
  )
})
afterAll(async () => {
  await system.stop()
  await folder.remove()
})

async function startBackEnd() {
  const apiKeys = await readFile(join(system.dataDir, 'keys/API_KEYS'), 'utf8')
  const child = spawn(installed.bin('uvicorn'), ['main:app', '--port', '0'], {
    cwd: folder.path,
    env: {
      PATH: process.env['PATH'] ?? '',
      ISSUER: 'http://localhost:8000',
      AUTH_API_URL: system.url,
      API_KEY: apiKeys.trim().split(':').at(-1),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  stopWithParent(child)
  const exited = once(child, 'exit')
  let lines = ''
  child.stderr.on('data', (chunk: Buffer) => (lines += chunk.toString()))
  const url = await eventually(() => {
    if (child.exitCode !== null) throw new Error(`uvicorn ended: ${lines}`)
    return /running on (http:\S+)/.exec(lines)?.[1]
  }, 90_000)
  return {
    url,
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

test('50 clients of a FastAPI back end keep their sessions while a fifth of the answers is lost and auth-api restarts', async () => {
  const backEnd = await startBackEnd()
  const { lost } = await runLossyClients({
    authUrl: system.url,
    backEnd: { url: backEnd.url, path: '/cases' },
    transport: 'cookie',
    restart: system.restart,
  })
  expect(lost).toBeGreaterThan(0)
  await backEnd.stop()
  expect(await system.alarms()).toBe(0)
})
