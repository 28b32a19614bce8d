import { afterEach, expect, test } from 'vitest'
import { startAdminServer } from './start-admin-server.ts'
import { createMetrics } from './metrics.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function scrape(metrics = createMetrics({ service: 'test', version: '1.2.3' })) {
  const { text } = await metrics.scrape()
  return {
    text,
    value: (series: string) =>
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.slice(series.length + 1),
  }
}

test('every combination of labels is 0 at the start', async () => {
  const { text, value } = await scrape()
  expect(text.match(/^auth_refreshes_total\{.*\} 0$/gm)).toHaveLength(4 * 14)
  expect(text.match(/^auth_logins_total\{.*\} 0$/gm)).toHaveLength(5 * 3)
  expect(text.match(/^auth_events_processed_total\{.*\} 0$/gm)).toHaveLength(3 * 13 * 3)
  expect(value('auth_session_duration_seconds_count{end="idle"}')).toBe('0')
  expect(value('auth_reuse_detected_total')).toBe('0')
  expect(
    value('auth_event_consumer_lag{consumer="cleanup-worker",topic="auth.login-events.v1"}'),
  ).toBe('0')
  expect(value('auth_build_info{service="test",version="1.2.3"}')).toBe('1')
  expect(text).toContain('nodejs_eventloop_lag_seconds')
})

test.each([
  [
    'auth-api',
    ['auth_logins_total', 'auth_rate_limited_total{limiter="login"} 0', 'consumer="auth-api"'],
    [
      'auth_cleanup',
      'auth_outbox',
      'auth_suspicious',
      'limiter="refresh"',
      'consumer="cleanup-worker"',
    ],
  ],
  [
    'token-store',
    [
      'auth_outbox_pending_events',
      'auth_reuse_detected_total',
      'auth_rate_limited_total{limiter="refresh"} 0',
    ],
    [
      'auth_logins',
      'auth_cleanup',
      'limiter="login"',
      'auth_events_processed',
      'auth_event_consumer_lag',
    ],
  ],
  [
    'cleanup-worker',
    ['auth_cleanup_last_success_timestamp_seconds', 'consumer="cleanup-worker"'],
    ['auth_logins', 'auth_outbox', 'auth_rate_limited', 'consumer="auth-api"'],
  ],
  [
    'threat-monitor',
    ['auth_suspicious_patterns_total{pattern="spraying"} 0', 'consumer="threat-monitor"'],
    ['auth_logins', 'auth_cleanup', 'auth_outbox', 'consumer="auth-api"'],
  ],
])('%s exports only its own metrics and those of Node', async (service, own, foreign) => {
  const metrics = createMetrics({ service, version: '0' })
  metrics.logins.inc({ outcome: 'succeeded', method: 'password' })
  const { text } = await scrape(metrics)
  expect(own.filter((part) => !text.includes(part))).toEqual([])
  expect(foreign.filter((part) => text.includes(part))).toEqual([])
  for (const name of ['auth_build_info', 'nodejs_eventloop_lag_seconds'])
    expect(text).toContain(name)
})

test('the buckets contain the objectives', async () => {
  const metrics = createMetrics({ service: 'test', version: '0' })
  metrics.httpRequestDuration.observe({ route: '/x', method: 'GET', status_class: '2xx' }, 0.1)
  const { text } = await scrape(metrics)
  expect(text).toMatch(/auth_http_request_duration_seconds_bucket\{le="0.1",.*\} 1/)
  expect(text).toContain('auth_revocation_propagation_seconds_bucket{le="2"}')
})

test('the pools of several services in one process are summed', async () => {
  const metrics = createMetrics({ service: 'test', version: '0' })
  metrics.watchPool({ totalCount: 5, idleCount: 2, waitingCount: 0 })
  const forget = metrics.watchPool({ totalCount: 3, idleCount: 3, waitingCount: 4 })
  const { value } = await scrape(metrics)
  expect(
    ['idle', 'busy', 'waiting'].map((state) => value(`auth_db_pool_connections{state="${state}"}`)),
  ).toEqual(['5', '3', '4'])
  forget()
  expect((await scrape(metrics)).value('auth_db_pool_connections{state="waiting"}')).toBe('0')
})

test('an age is measured at the time of the scrape', async () => {
  const metrics = createMetrics({ service: 'test', version: '0' })
  let age = 1
  metrics.onScrape(() => metrics.revocationFeedAge.set(age))
  age = 9
  expect((await scrape(metrics)).value('auth_revocation_feed_age_seconds')).toBe('9')
})

test('the admin server serves liveness, readiness and metrics only', async () => {
  let ready: true | string[] = ['the database has not answered yet']
  const server = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    version: '1.2.3',
    metrics: createMetrics({ service: 'test', version: '0' }),
    isReady: () => ready,
  })
  closers.push(() => server.close())
  const get = async (path: string) => {
    const response = await fetch(server.url + path)
    return { status: response.status, body: await response.text() }
  }

  expect(await get('/')).toEqual({
    status: 200,
    body: '{"paths":["/metrics","/healthz","/readyz"]}',
  })
  expect(await get('/healthz')).toEqual({
    status: 200,
    body: '{"status":"alive","version":"1.2.3"}',
  })
  expect(await get('/readyz')).toEqual({
    status: 503,
    body: '{"status":"not_ready","reasons":["the database has not answered yet"]}',
  })
  ready = true
  expect(await get('/readyz')).toEqual({ status: 200, body: '{"status":"ready"}' })
  expect((await get('/metrics')).body).toContain(
    'auth_logins_total{outcome="succeeded",method="password"} 0',
  )
  expect((await get('/x')).status).toBe(404)
})

const TRACED = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0,text/plain;version=0.0.4;q=0.5'

test('a scrape that accepts OpenMetrics gets exemplars, any other gets the Prometheus text format', async () => {
  let traceparent: string | undefined = TRACED
  const metrics = createMetrics({
    service: 'test',
    version: '0',
    tracing: { current: () => traceparent },
  })
  const labels = { route: '/x', method: 'GET', status_class: '2xx' }
  metrics.httpRequestDuration.observe(labels, 0.2)
  metrics.refreshInterval.observe(30)
  traceparent = undefined
  metrics.httpRequestDuration.observe(labels, 0.02)
  metrics.logins.inc({ outcome: 'succeeded', method: 'password' })

  const plain = await metrics.scrape({ accept: 'text/plain' })
  const open = await metrics.scrape({ accept: OPEN_METRICS })
  expect(await metrics.scrape()).toMatchObject({
    contentType: expect.stringContaining('text/plain; version=0.0.4'),
  })
  expect(open.contentType).toContain('application/openmetrics-text; version=1.0.0')
  const exemplars = open.text.split('\n').filter((line) => line.includes(' # '))
  expect(exemplars).toEqual([
    expect.stringMatching(
      /^auth_http_request_duration_seconds_bucket\{le="0.25",.*\} 2 # \{trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"\} 0.2 \d/,
    ),
    expect.stringMatching(
      /^auth_refresh_interval_seconds_bucket\{le="60"\} 1 # \{trace_id="0af7651916cd43dd8448eb211c80319c",/,
    ),
  ])
  expect(open.text.endsWith('\n# EOF\n')).toBe(true)
  expect(plain.text).not.toMatch(/ # \{|# EOF/)
  // The same series with the same names, whatever the previous format was.
  const series = ({ text }: { text: string }) =>
    text
      .split('\n')
      .filter((line) => line.startsWith('auth_'))
      .map((line) => line.split(' ', 1)[0])
  expect(series(open)).toEqual(series(plain))
  expect(series(await metrics.scrape({ accept: 'text/plain' }))).toEqual(series(plain))
  expect((await metrics.scrape({ accept: 'text/plain' })).text).toContain(
    '# TYPE auth_logins_total counter\nauth_logins_total{outcome="succeeded",method="password"} 1\n',
  )
})

test('the admin server responds in the requested format', async () => {
  const server = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    version: '1.2.3',
    metrics: createMetrics({ service: 'test', version: '0' }),
    isReady: () => true,
  })
  closers.push(() => server.close())
  const contentType = async (accept: string) =>
    (await fetch(`${server.url}/metrics`, { headers: { accept } })).headers.get('content-type')
  expect(await contentType(OPEN_METRICS)).toContain('application/openmetrics-text')
  expect(await contentType('*/*')).toContain('text/plain')
})
