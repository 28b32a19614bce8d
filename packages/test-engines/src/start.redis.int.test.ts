import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startOwnRedis, type OwnRedis } from './without-docker/start-own-redis.ts'
import { startRedis } from './start-redis.ts'

/** Returns the answer of a Redis at this address to an inline command. */
function ask(url: string, command: string, timeoutMs = 20_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) }, () =>
      socket.write(`${command}\r\n`),
    )
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer')))
    socket.once('error', reject)
    socket.once('data', (data) => {
      socket.destroy()
      resolve(data.toString().trim())
    })
  })
}

let redis: OwnRedis
beforeAll(async () => {
  redis = await startOwnRedis()
})
afterAll(() => redis.stop())
afterEach(() => redis.startServer())

test('the address of TEST_REDIS_URL is used unchanged', async () => {
  expect(await startRedis({ TEST_REDIS_URL: 'redis://somewhere:1' })).toMatchObject({
    url: 'redis://somewhere:1',
    engine: 'environment',
  })
})

test.each(['stopServer', 'killServer'] as const)(
  'stored data survive %s, at the same address',
  async (end) => {
    await ask(redis.url, `set ${end} 7`)
    await redis[end]()
    await expect(ask(redis.url, 'ping')).rejects.toThrow('ECONNREFUSED')
    await redis.startServer()
    expect(await ask(redis.url, `get ${end}`)).toBe('$1\r\n7')
  },
)

test('a frozen one accepts connections without answers, and continues when resumed', async () => {
  redis.freezeServer()
  await expect(ask(redis.url, 'ping', 200)).rejects.toThrow('no answer')
  redis.thawServer()
  expect(await ask(redis.url, 'ping')).toBe('+PONG')
})

test('it ends with its owner, even if that was killed', async () => {
  const owner = spawn(process.execPath, [join(import.meta.dirname, 'testing/hold-redis.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await new Promise<string>((resolve) =>
    createInterface(owner.stdout).once('line', resolve),
  )
  expect(await ask(url, 'ping')).toBe('+PONG')
  owner.kill('SIGKILL')
  await expect.poll(() => ask(url, 'ping').catch(String)).toContain('ECONNREFUSED')
})

test('if none can start, the error has the reason', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'no-redis-'))
  await expect(startOwnRedis({ PATH: empty, XDG_CACHE_HOME: empty })).rejects.toThrow(
    /^There is no Redis for tests: .* \(Maven \(mvn\) is not on the PATH\)$/,
  )
  await rm(empty, { recursive: true })
})
