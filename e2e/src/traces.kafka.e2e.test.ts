import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ageSession } from './harness/age-session.ts'
import { call, refresh, toPair, type Answer } from './harness/api.ts'
import { receiveSpans, type ReceivedSpan } from './harness/receive-spans.ts'
import { startSystemApart, type SystemApart } from './harness/start-system-apart.ts'

const PASSWORD = 'correct horse battery'
const INTERNAL_API_KEYS = crypto.randomUUID()
/** The SDK exports every 5 s, and a consumer may wait for its partitions. */
const ARRIVES = { timeout: 60_000 }
const PROCESSED = 'process auth.session-events.v1'

let system: SystemApart
let collector: Awaited<ReturnType<typeof receiveSpans>>
let sql: Client

beforeAll(async () => {
  collector = await receiveSpans()
  system = await startSystemApart({
    INTERNAL_API_KEYS,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0',
  })
  sql = new Client({ connectionString: system.postgres.url })
  await sql.connect()
})
afterAll(async () => {
  await sql.end()
  await system.stop()
  await collector.close()
})

const newTrace = () => crypto.randomUUID().replaceAll('-', '')
const sampled = (traceId: string) => ({ traceparent: `00-${traceId}-${CALLER}-01` })
const signIn = (traceId: string) =>
  call(system.urlOf(0), 'POST', '/api/v1/auth/token?password=S3CRET', {
    body: { username: 'ayu', password: PASSWORD },
    headers: sampled(traceId),
  })

const CONSUMERS = ['auth-api', 'cleanup-worker', 'threat-monitor']
const CALLER = '00f067aa0ba902b7'

/** Waits until every consumer has reported, and every span its parent. */
async function allExported(traceId: string): Promise<void> {
  await expect
    .poll(() => {
      const spans = collector.ofTrace(traceId)
      const known = new Set([CALLER, ...spans.map((span) => span.spanId)])
      return {
        consumers: new Set(
          spans.filter((span) => span.name === PROCESSED).map(({ service }) => service),
        ),
        orphans: spans
          .filter((span) => !known.has(span.parentSpanId ?? ''))
          .map((span) => span.name),
      }
    }, ARRIVES)
    .toEqual({ consumers: new Set(CONSUMERS), orphans: [] })
}

/** Each span's path from the first one: `auth-api POST ... > token-store POST ...`. */
function ways(spans: readonly ReceivedSpan[]): string[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const way = (span: ReceivedSpan): string => {
    const parent = byId.get(span.parentSpanId ?? '')
    return `${parent === undefined ? '' : `${way(parent)} > `}${String(span.service)} ${span.kind} ${span.name}`
  }
  return spans.map(way)
}

const LOGIN = 'auth-api server POST /api/v1/auth/token'
const ISSUE_CALL = `${LOGIN} > auth-api client POST /internal/v1/issue`
const ISSUE = `${ISSUE_CALL} > token-store server POST /internal/v1/issue`
const REFRESH = 'auth-api server POST /api/v1/auth/refresh'

test('a sign-in is one trace over all services: request, Redis, token-store, Kafka, audit trail', async () => {
  const traceId = newTrace()
  expect((await signIn(traceId)).status).toBe(200)
  await allExported(traceId)
  await expect
    .poll(() => ways(collector.ofTrace(traceId)), ARRIVES)
    .toEqual(
      expect.arrayContaining([
        LOGIN,
        `${LOGIN} > auth-api client EVALSHA`,
        `${LOGIN} > auth-api client user-by-name`,
        ISSUE_CALL,
        ISSUE,
        `${ISSUE} > token-store client insert-session`,
        `${ISSUE} > token-store client send auth.session-events.v1`,
        `${ISSUE} > cleanup-worker consumer ${PROCESSED}`,
        `${ISSUE} > auth-api consumer ${PROCESSED}`,
        `${LOGIN} > auth-api client send auth.login-events.v1`,
        `${LOGIN} > cleanup-worker consumer process auth.login-events.v1`,
      ]),
    )
  const processed = collector
    .ofTrace(traceId)
    .find((span) => span.service === 'cleanup-worker' && span.name === PROCESSED)
  expect(processed?.attributes).toMatchObject({
    'messaging.system': 'kafka',
    'messaging.operation.type': 'process',
    'messaging.destination.name': 'auth.session-events.v1',
    'messaging.consumer.group.name': 'cleanup-worker',
  })
})

test('a refresh is one trace through both batches, and a reuse leads to the notice', async () => {
  const first = toPair(await signIn(newTrace()))
  const traceId = newTrace()
  expect((await refresh(system.urlOf(0), first.refresh, sampled(traceId))).status).toBe(200)
  const together = `${REFRESH} > auth-api internal rotate together`
  await allExported(traceId)
  await expect
    .poll(() => ways(collector.ofTrace(traceId)), ARRIVES)
    .toEqual(
      expect.arrayContaining([
        `${together} > auth-api client POST /internal/v1/rotate > token-store server POST /internal/v1/rotate`,
        `${together} > token-store internal rotate > token-store client apply-rotation`,
        `${together} > token-store internal rotate > token-store client send auth.session-events.v1`,
        `${together} > token-store internal rotate > cleanup-worker consumer ${PROCESSED}`,
      ]),
    )

  await ageSession(system.postgres.url, first.refresh)
  const reuse = newTrace()
  expect(await refresh(system.urlOf(1), first.refresh, sampled(reuse))).toMatchObject({
    status: 401,
    code: 'refresh_token_reused',
  })
  await allExported(reuse)
  await expect
    .poll(() => ways(collector.ofTrace(reuse)), ARRIVES)
    .toContain(
      `${together} > token-store internal rotate > auth-api consumer ${PROCESSED} > auth-api client insert`,
    )
})

test('requests of many traces in one batch keep their traces, which link to each other', async () => {
  const pairs: Answer[] = []
  for (let i = 0; i < 8; i += 1) pairs.push(await signIn(newTrace()))
  const traceIds = pairs.map(newTrace)
  const answers = await Promise.all(
    pairs.map((pair, i) =>
      refresh(system.urlOf(0), toPair(pair).refresh, sampled(traceIds[i] ?? '')),
    ),
  )
  expect(answers.map(({ status }) => status)).toEqual(pairs.map(() => 200))
  for (const traceId of traceIds) await allExported(traceId)
  const rotations = traceIds.map((traceId) =>
    collector.ofTrace(traceId).filter((span) => span.name === 'rotate'),
  )
  expect(rotations.map((own) => own.length)).toEqual(traceIds.map(() => 1))
  const ids = new Set(collector.spans.map((span) => span.spanId))
  for (const span of rotations
    .flat()
    .filter(({ attributes }) => Number(attributes['auth.batch.size']) > 1)) {
    expect(span.links.length).toBeGreaterThan(0)
    for (const link of span.links) expect(ids).toContain(link)
  }
})

test('a request that is not sampled has no span, and no trace starts without a request', async () => {
  const pair = toPair(
    await call(system.urlOf(0), 'POST', '/api/v1/auth/token', {
      body: { username: 'ayu', password: PASSWORD },
    }),
  )
  expect((await refresh(system.urlOf(0), pair.refresh)).status).toBe(200)
  // Any span would have been exported by now.
  const later = newTrace()
  await signIn(later)
  await allExported(later)
  expect(
    collector.spans.filter((span) => span.parentSpanId === undefined || span.parentSpanId === ''),
  ).toEqual([])
})

test('no span holds a token, a name, a password, an address or a query string', () => {
  const text = JSON.stringify(collector.spans)
  expect(text.length).toBeGreaterThan(20_000)
  for (const secret of [
    'art_',
    'eyJ',
    'ayu',
    PASSWORD,
    'S3CRET',
    INTERNAL_API_KEYS,
    'auth:limit',
    '/24',
  ])
    expect(text).not.toContain(secret)
})
