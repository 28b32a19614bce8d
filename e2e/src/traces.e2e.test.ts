import { afterEach, expect, test } from 'vitest'
import { createTestDatabase, eventually } from '@auto-refresh/test-engines'
import { receiveSpans } from './harness/receive-spans.ts'
import { startStandalone, temporaryFolder } from './harness/start-standalone.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

/** prom-client loads the OpenTelemetry API for its own purposes. */
const SAY_LOADED = `import { registerHooks } from 'node:module'
registerHooks({
  load(url, context, next) {
    if (url.includes('@opentelemetry/') && !url.includes('@opentelemetry/api/'))
      process.stderr.write('LOADED ' + url + '\\n')
    return next(url, context)
  },
})`

/** Starts the process of `npm start`, which reports the OpenTelemetry modules it loads. */
async function start(env: Record<string, string> = {}) {
  const database = await createTestDatabase()
  closers.push(database.drop)
  const folder = await temporaryFolder()
  closers.push(folder.remove)
  const NODE_OPTIONS = `--import data:text/javascript,${encodeURIComponent(SAY_LOADED)}`
  const system = await startStandalone({
    dataDir: folder.path,
    databaseUrl: database.url,
    env: { NODE_OPTIONS, ...env },
  })
  closers.push(system.stop)
  return system.ready()
}

const signIn = (url: string) =>
  fetch(`${url}/api/v1/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: 'password' }),
  })

test('without an endpoint neither SDK nor exporter is loaded, whatever else is configured', async () => {
  const system = await start({ OTEL_TRACES_SAMPLER: 'always_on', OTEL_SERVICE_NAME: 'x' })
  expect((await signIn(system.url)).status).toBe(200)
  await system.stop()
  expect(system.output()).toContain('Login succeeded')
  expect(system.output()).not.toMatch(/LOADED|trace_id/)
})

test('with one, spans go there as protobuf, and the last of them before the process ends', async () => {
  const collector = await receiveSpans()
  closers.push(collector.close)
  const system = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  expect((await signIn(system.url)).status).toBe(200)
  await system.stop()
  expect(system.output()).toContain('LOADED')
  const traceId = /"trace_id":"([0-9a-f]{32})".*"event":"login"/.exec(system.output())?.[1]
  expect(traceId).toBeDefined()
  // It has been sent; the test may read it late.
  const sent = () => Buffer.concat(collector.posts.map(({ body }) => body))
  for (const text of [
    'POST /api/v1/auth/token',
    'insert-session',
    'standalone',
    Buffer.from(traceId ?? '', 'hex'),
  ])
    await eventually(() => sent().includes(text))
  expect(new Set(collector.posts.map(({ path, contentType }) => `${path} ${contentType}`))).toEqual(
    new Set(['/v1/traces application/x-protobuf']),
  )
})

test('an unavailable collector delays no response, and the stop by at most two seconds', async () => {
  const system = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '1',
  })
  expect((await signIn(system.url)).status).toBe(200)
  expect(await system.stop()).toEqual({ code: 0, signal: null })
})
