import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTestDatabase } from './testing/open-test-database.ts'

const key = Buffer.from(Array.from({ length: 32 }, (_, i) => i + 7)).toString('base64')
/** No process listens there. */
const NOWHERE = '127.0.0.1:1'

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(() => database.close())

test('SIGTERM cleanly ends a start that waits for token-store', async () => {
  const env = {
    DATABASE_URL: database.url,
    SIGNING_KEY_ENCRYPTION_KEYS: `k1:${key}`,
    USERNAME_HASH_KEY: key,
    PORT: '0',
    ADMIN_PORT: '0',
    TOKEN_STORE_URL: `http://${NOWHERE}`,
    CLEANUP_WORKER_URL: `http://${NOWHERE}`,
    INTERNAL_API_KEYS: 'abcdefgh'.repeat(4),
    KAFKA_BROKERS: NOWHERE,
  }
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  try {
    await expect
      .poll(() => output, { timeout: 60_000 })
      .toContain('Revocation list read failed: retrying')
    const startedMs = performance.now()
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(performance.now() - startedMs).toBeLessThan(20_000)
    expect(output).not.toContain('"level":"fatal"')
  } finally {
    child.kill('SIGKILL')
  }
})
