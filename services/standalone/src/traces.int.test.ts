import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildStandalone } from './build-standalone.ts'
import { recordSpans, toTree } from './testing/record-spans.ts'

type Answer = { data: { access_token: string; refresh_token: string } | null }

const { spans, exporter } = recordSpans()
const closers: (() => Promise<unknown>)[] = []
let url = ''

beforeAll(async () => {
  const database = await createTestDatabase()
  const dataDir = await mkdtemp(join(tmpdir(), 'traces-'))
  const environment = {
    PORT: '0',
    ADMIN_PORT: '0',
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'silent',
    PLAYGROUND: 'false',
    REFRESH_GRACE_SECONDS: '0',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
  }
  const standalone = await buildStandalone(environment, { traceExporter: exporter })
  closers.push(standalone.stop, database.drop, () => rm(dataDir, { recursive: true }))
  url = /API +(\S+)/.exec(standalone.banner)?.[1] ?? ''
})
afterAll(async () => {
  for (const close of closers) await close()
})

/** Sends a request in its own trace and returns the trace id. */
async function post(path: string, body: object): Promise<Answer & { traceId: string }> {
  const traceId = crypto.randomUUID().replaceAll('-', '')
  const headers = {
    'content-type': 'application/json',
    traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
  }
  const response = await fetch(`${url}/api/v1/auth/${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  })
  return { ...((await response.json()) as Answer), traceId }
}
const signIn = () =>
  post('token?password=S3CRET-IN-URL', { username: 'admin', password: 'password' })
const refresh = (before: Answer) => post('refresh', { refresh_token: before.data?.refresh_token })
const ofTrace = (traceId: string, name: string) =>
  spans.filter((span) => span.spanContext().traceId === traceId && span.name === name)
const GROUPS = ['auth-api', 'cleanup-worker', 'threat-monitor']
/** Long enough for a busy machine. */
const ARRIVES = { timeout: 40_000 }
/** Every consumer group has processed the event. */
async function processed(traceId: string): Promise<void> {
  await expect
    .poll(() => ofTrace(traceId, 'process auth.session-events.v1').length, ARRIVES)
    .toBe(GROUPS.length)
}

test('a sign-in is one trace, from the request to the handlers of its events', async () => {
  const { traceId } = await signIn()
  await processed(traceId)
  await expect.poll(() => ofTrace(traceId, 'process auth.login-events.v1').length, ARRIVES).toBe(2)
  // The spans may end in any order.
  // The first records also read the partitions.
  const readTree = () => toTree(spans, traceId).filter((line) => !/^ +select$/.test(line))
  await expect.poll(() => readTree().length, ARRIVES).toBe(18)
  const tree = readTree()
  // Events are published as soon as the session is committed, maybe before the login is recorded.
  const isOfEvents = (line: string) => /^ +(process|keep-audit-records)/.test(line)
  expect(tree.filter((line) => !isOfEvents(line))).toEqual([
    'POST /api/v1/auth/token',
    '  user-by-name',
    '  begin',
    '  ensure-user-version',
    '  hold-user-version',
    '  read-active-sessions',
    '  lock-sessions',
    '  read-clock',
    '  insert-session',
    '  commit',
    '  record-login',
  ])
  expect(tree.filter(isOfEvents).toSorted()).toEqual([
    '    keep-audit-records',
    '    keep-audit-records',
    '  process auth.login-events.v1',
    '  process auth.login-events.v1',
    '  process auth.session-events.v1',
    '  process auth.session-events.v1',
    '  process auth.session-events.v1',
  ])
  expect(ofTrace(traceId, 'POST /api/v1/auth/token')[0]?.attributes).toMatchObject({
    'http.route': '/api/v1/auth/token',
    'http.response.status_code': 200,
  })
  expect(ofTrace(traceId, 'record-login')[0]?.attributes).toEqual({
    'db.system.name': 'postgresql',
    'db.query.summary': 'record-login',
  })
  expect(
    new Set(
      ofTrace(traceId, 'process auth.session-events.v1').map(
        (span) => span.attributes['messaging.consumer.group.name'],
      ),
    ),
  ).toEqual(new Set(GROUPS))
})

test('a refresh is one trace, through its batch', async () => {
  const { traceId } = await refresh(await signIn())
  await processed(traceId)
  await expect.poll(() => ofTrace(traceId, 'POST /api/v1/auth/refresh'), ARRIVES).toHaveLength(1)
  const tree = toTree(spans, traceId)
  expect(tree.slice(0, 8)).toEqual([
    'POST /api/v1/auth/refresh',
    '  rotate',
    '    begin',
    '    lock-sessions',
    '    read-clock',
    '    apply-rotation',
    '    commit',
    expect.stringMatching(/users-by-ids|process/),
  ])
  expect(ofTrace(traceId, 'rotate')[0]?.attributes).toEqual({ 'auth.batch.size': 1 })
})

test('the trace of a reused token leads from the request to the notice', async () => {
  const first = await signIn()
  // A batch of events would belong to the trace of its first event.
  await processed((await refresh(first)).traceId)
  const { traceId } = await refresh(first)
  await processed(traceId)
  await expect.poll(() => ofTrace(traceId, 'POST /api/v1/auth/refresh'), ARRIVES).toHaveLength(1)
  expect(ofTrace(traceId, 'POST /api/v1/auth/refresh')[0]?.attributes).toMatchObject({
    'http.response.status_code': 401,
  })
  const notice = ofTrace(traceId, 'process auth.session-events.v1').find(
    (span) => span.attributes['messaging.consumer.group.name'] === 'auth-api',
  )
  await expect
    .poll(() => ofTrace(traceId, 'insert').map((span) => span.parentSpanContext?.spanId), ARRIVES)
    .toEqual([notice?.spanContext().spanId])
})

test('requests in one batch keep their own traces, which link to each other', async () => {
  const sessions = await Promise.all([signIn(), signIn(), signIn(), signIn()])
  const refreshed = await Promise.all(sessions.map(refresh))
  const rotations = refreshed.flatMap(({ traceId }) => ofTrace(traceId, 'rotate'))
  expect(rotations).toHaveLength(4)
  // A server span ends when the response has left the connection, which can be after the caller has
  // read it.
  await expect
    .poll(
      () =>
        refreshed.map(
          ({ traceId }) => ofTrace(traceId, 'POST /api/v1/auth/refresh')[0]?.spanContext().spanId,
        ),
      ARRIVES,
    )
    .toEqual(rotations.map((span) => span.parentSpanContext?.spanId))
  // However the requests were batched: a shared batch is in the trace of its first request and
  // links to the others.
  for (const rotation of rotations) expect(rotation.links).toHaveLength(linksOf(rotation))
  for (const { traceId } of refreshed) await processed(traceId)

  function linksOf(rotation: (typeof rotations)[number]): number {
    const size = Number(rotation.attributes['auth.batch.size'])
    const isFirst = spans.some(
      (span) =>
        span.name === 'lock-sessions' &&
        span.parentSpanContext?.spanId === rotation.spanContext().spanId,
    )
    return isFirst ? size - 1 : 1
  }
})

test('a request that is not sampled has no span and no traceparent', async () => {
  const signedIn = await signIn()
  const before = spans.length
  const headers = {
    'content-type': 'application/json',
    traceparent: `00-${'d'.repeat(32)}-00f067aa0ba902b7-00`,
  }
  await fetch(`${url}/api/v1/auth/refresh`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ refresh_token: signedIn.data?.refresh_token }),
  })
  await processed(signedIn.traceId)
  await processed((await signIn()).traceId)
  expect(
    spans
      .slice(before)
      .filter(
        (span) =>
          span.spanContext().traceId === 'd'.repeat(32) ||
          span.name.includes('refresh') ||
          span.name === 'rotate',
      ),
  ).toEqual([])
})

test('no span holds a token, a name, a password, an address or a query string', async () => {
  const first = await signIn()
  const second = await refresh(first)
  const reuse = await refresh(first)
  await processed(reuse.traceId)
  const exported = JSON.stringify(
    spans.map(({ name, attributes, events, links, status, resource }) => ({
      name,
      attributes,
      events,
      links,
      status,
      resource: resource.attributes,
    })),
  )
  const tokens = [first, second].flatMap(({ data }) => [
    data?.access_token ?? '?',
    data?.refresh_token ?? '?',
  ])
  const parts = tokens.flatMap((token) => [token, token.slice(-40), ...token.split('.')])
  expect(exported.length).toBeGreaterThan(5000)
  for (const secret of [
    ...parts,
    'admin',
    '"password"',
    'S3CRET',
    '?',
    '127.0.0.1',
    '"node"',
    'art_',
    'eyJ',
  ])
    expect(exported).not.toContain(secret)
  expect(new Set(spans.flatMap(({ attributes }) => Object.keys(attributes)))).toEqual(
    new Set(KNOWN_ATTRIBUTES),
  )
})

/** No attribute added here may contain caller input. */
const KNOWN_ATTRIBUTES = [
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'url.scheme',
  'db.system.name',
  'db.query.summary',
  'auth.batch.size',
  'messaging.system',
  'messaging.operation.name',
  'messaging.operation.type',
  'messaging.destination.name',
  'messaging.consumer.group.name',
  'messaging.batch.message_count',
]
