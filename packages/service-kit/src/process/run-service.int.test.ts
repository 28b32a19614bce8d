import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { PRODUCT_VERSION } from '@auto-refresh/service-kit/config'
import { afterEach, expect, test } from 'vitest'

const SAMPLE = join(import.meta.dirname, 'testing/sample-service.ts')

let started: ReturnType<typeof spawnSample>[] = []
afterEach(() => {
  for (const { kill } of started) kill('SIGKILL')
  started = []
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => void server.close(resolve))
  return port
}

function spawnSample(port: number, env: Record<string, string>) {
  const child = spawn(process.execPath, [SAMPLE], {
    env: { ADMIN_PORT: String(port), KAFKA_BROKERS: '127.0.0.1:1', SECRETS_DIR: '', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const closed = once(child, 'close').then(([code]: unknown[]) => code)
  const lines = () =>
    output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  return {
    /** Resolves to the exit code when all output has been read. */
    closed,
    lines,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    send: (line: string) => child.stdin.write(`${line}\n`),
    async has(text: string) {
      await expect.poll(() => output).toContain(text)
    },
    /** Log lines arrive asynchronously. */
    events: () => lines().flatMap(({ event }) => event ?? []),
    readiness: () =>
      fetch(`http://127.0.0.1:${port}/readyz`).then(
        async (answer) => [answer.status, await answer.json()] as const,
        () => undefined,
      ),
    get: async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text(),
  }
}

async function startSample(env: Record<string, string> = {}) {
  const sample = spawnSample(await freePort(), env)
  started.push(sample)
  return sample
}

/** The last deferred first, while the admin server still responds. */
const STOPPED = ['second stopped at readiness 503', 'first closed']

test('a service is ready between its start and its stop, unless it returns reasons', async () => {
  const service = await startSample()
  await service.has('The start waits')
  const notReady = [503, { status: 'not_ready', reasons: ['starting or stopping'] }]
  expect(await service.readiness()).toEqual(notReady)
  service.send('start')
  await service.has('sample is ready')
  expect(await service.readiness()).toEqual([200, { status: 'ready' }])
  service.send('clock differs')
  await expect
    .poll(service.readiness)
    .toEqual([503, { status: 'not_ready', reasons: ['clock differs'] }])
  expect(service.lines().at(-1)).toEqual({
    level: 'info',
    time: expect.any(String),
    service: 'sample',
    url: 'http://sample',
    admin: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    msg: 'sample is ready',
  })
})

test('a service states the version of the product, also when npm did not start it', async () => {
  const service = await startSample({ npm_package_version: '9.9.9' })
  await service.has('The start waits')
  expect(JSON.parse(await service.get('/healthz'))).toEqual({
    status: 'alive',
    version: PRODUCT_VERSION,
  })
  expect(await service.get('/metrics')).toContain(
    `auth_build_info{service="sample",version="${PRODUCT_VERSION}"} 1\n`,
  )
})

test('a signal stops the deferred parts, the last first, and exits with 0', async () => {
  const service = await startSample()
  service.send('start')
  await service.has('sample is ready')
  service.kill('SIGTERM')
  expect(await service.closed).toBe(0)
  expect(service.events()).toEqual(STOPPED)
})

test('a signal cancels a waiting start and closes its open parts', async () => {
  const service = await startSample()
  await service.has('The start waits')
  service.kill('SIGTERM')
  expect(await service.closed).toBe(0)
  expect(service.events()).toEqual(STOPPED)
})

test('a failed start closes its open parts and exits with 1', async () => {
  const service = await startSample({ FAILING: 'true' })
  service.send('start')
  expect(await service.closed).toBe(1)
  expect(service.events()).toEqual(STOPPED)
  expect(service.lines()).toContainEqual(
    expect.objectContaining({ level: 'fatal', service: 'sample' }),
  )
})

test('all invalid settings are listed at once, and the process exits with 78', async () => {
  const service = await startSample({
    FAILING: 'perhaps',
    ADMIN_PORT: 'one',
    KAFKA_BROKERS: 'nowhere',
    OTEL_TRACES_SAMPLER: 'often',
  })
  expect(await service.closed).toBe(78)
  expect(service.lines()).toEqual([
    expect.objectContaining({
      level: 'fatal',
      msg: 'Settings are invalid',
      faults: ['FAILING', 'ADMIN_PORT', 'KAFKA_BROKERS', 'OTEL_TRACES_SAMPLER'].map((name) =>
        expect.stringContaining(name),
      ),
    }),
  ])
})
