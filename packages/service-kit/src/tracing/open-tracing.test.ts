import { fastify, type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTracing, type OpenTracing, type TraceExporter } from './open-tracing.ts'
import { parseTraceparent } from './traceparent.ts'

type Span = Parameters<TraceExporter['export']>[0][number]

const GIVEN = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331'
const step = { kind: 'internal', name: 'step' } as const
let spans: Span[]
let tracing: OpenTracing
let app: FastifyInstance

beforeEach(async () => {
  spans = []
  const exporter: TraceExporter = {
    export(ended, done) {
      spans.push(...ended)
      done({ code: 0 })
    },
    shutdown: async () => {},
  }
  const settings = { sampling: { parentBased: true, ratio: 0 } }
  tracing = await openTracing({
    settings,
    service: 'test',
    version: '1',
    onExportFailed: () => {},
    exporter,
  })
  app = fastify()
})
afterEach(async () => {
  await app.close()
  await tracing.close()
})

const idOf = (span: Span | undefined) => span?.spanContext().spanId
const called = (name: string) => spans.filter((span) => span.name === name)
/** A `traceparent`, sampled or not. */
const ask = (url: string, flags = '01') =>
  app.inject({
    method: 'POST',
    url,
    headers: { traceparent: `${GIVEN}-${flags}` },
    payload: { text: 'S3CRET' },
  })

test('a request span has the name of its route, its caller as parent and its work as children', async () => {
  app.post('/things/:id', async (_, reply) => {
    await tracing.span(step, async () => {})
    return reply.code(201).send({})
  })
  await ask('/things/S3CRET?token=S3CRET')
  const [server] = called('POST /things/:id')
  expect(server?.attributes).toEqual({
    'http.request.method': 'POST',
    'url.scheme': 'http',
    'http.route': '/things/:id',
    'http.response.status_code': 201,
  })
  expect(server?.parentSpanContext).toMatchObject({
    traceId: GIVEN.slice(3, 35),
    spanId: GIVEN.slice(36, 52),
    isRemote: true,
  })
  expect(called('step').map((span) => span.parentSpanContext?.spanId)).toEqual([idOf(server)])
  expect(
    JSON.stringify(
      spans.map(({ name, attributes, events, links, status }) => ({
        name,
        attributes,
        events,
        links,
        status,
      })),
    ),
  ).not.toContain('S3CRET')
})

test('a request that is not sampled records no span', async () => {
  let current: string | undefined = 'unset'
  app.post('/', async () => {
    await tracing.span(step, async () => {})
    current = tracing.current()
    return {}
  })
  await ask('/', '00')
  await app.inject({ method: 'POST', url: '/', payload: {} })
  expect(current).toBeUndefined()
  expect(spans).toEqual([])
})

test('the request span is current in every hook and handler, until after the response', async () => {
  const found: Record<string, string | undefined> = {}
  const note = (where: string) => async () => void (found[where] = tracing.current())
  app.addHook('onRequest', note('onRequest'))
  app.addHook('preValidation', note('preValidation'))
  app.addHook('preHandler', note('preHandler'))
  app.addHook('onSend', note('onSend'))
  app.addHook('onResponse', note('onResponse'))
  app.post('/', note('handler'))
  const url = await app.listen({ port: 0 })
  await fetch(url, {
    method: 'POST',
    headers: { traceparent: `${GIVEN}-01`, 'content-type': 'application/json' },
    body: JSON.stringify({ text: 'x'.repeat(100_000) }),
  })
  await expect.poll(() => spans.length).toBe(1)
  expect(
    new Set(Object.values(found).map((traceparent) => parseTraceparent(traceparent)?.spanId)),
  ).toEqual(new Set([idOf(spans[0])]))
  expect(Object.keys(found)).toEqual([
    'onRequest',
    'preValidation',
    'preHandler',
    'handler',
    'onSend',
    'onResponse',
  ])
})

test('an error is recorded by its type, never by its message', async () => {
  app.post('/', () =>
    tracing.span(step, async () => {
      throw Object.assign(new TypeError('S3CRET'), { code: '22P02' })
    }),
  )
  await ask('/')
  expect(called('step')).toMatchObject([
    { attributes: { 'error.type': '22P02' }, status: { code: 2 }, events: [] },
  ])
  expect(called('POST /')).toMatchObject([
    { attributes: { 'error.type': '500' }, status: { code: 2 } },
  ])
  expect(called('step')[0]?.status.message).toBeUndefined()
})

test('a client that disconnects before the response ends the span without a status', async () => {
  const arrived = Promise.withResolvers<void>()
  app.post('/', () => {
    arrived.resolve()
    return new Promise(() => {})
  })
  const url = await app.listen({ port: 0 })
  const leaving = new AbortController()
  const left = fetch(url, {
    method: 'POST',
    headers: { traceparent: `${GIVEN}-01` },
    signal: leaving.signal,
  }).catch(() => 'left')
  await arrived.promise
  leaving.abort()
  expect(await left).toBe('left')
  await expect
    .poll(() =>
      spans.map(({ name, attributes }) => [name, 'http.response.status_code' in attributes]),
    )
    .toEqual([['POST /', false]])
})

test('work done for several traces has a span in each, linked to the others', async () => {
  const [a, b] = ['a', 'b'].map((digit) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`)
  let given: readonly (string | undefined)[] = []
  await tracing.spanForAll(
    { ...step, name: 'together' },
    [a, undefined, 'nonsense', b],
    async (own) => {
      given = own
      await tracing.span(step, async () => {})
    },
  )
  const [first, second] = called('together')
  expect([first, second].map((span) => span?.spanContext().traceId)).toEqual([
    'a'.repeat(32),
    'b'.repeat(32),
  ])
  expect([first, second].map((span) => span?.parentSpanContext?.spanId)).toEqual([
    'a'.repeat(16),
    'b'.repeat(16),
  ])
  expect(first?.links.map(({ context }) => context.spanId)).toEqual(['b'.repeat(16)])
  expect(second?.links.map(({ context }) => context.spanId)).toEqual([idOf(first)])
  expect(called('step').map((span) => span.parentSpanContext?.spanId)).toEqual([idOf(first)])
  expect(given.map((traceparent) => parseTraceparent(traceparent)?.spanId)).toEqual([
    idOf(first),
    undefined,
    undefined,
    idOf(second),
  ])
})

test('work for other traces is not in the trace of the request that started it', async () => {
  app.post('/', async () => {
    await tracing.spanForAll({ ...step, name: 'together' }, [undefined], () =>
      tracing.span(step, async () => {}),
    )
    return {}
  })
  await ask('/')
  expect(spans.map((span) => span.name)).toEqual(['POST /'])
})

test('after close nothing is recorded', async () => {
  await tracing.close()
  const later = fastify()
  later.post('/', async () => ({}))
  await later.inject({ method: 'POST', url: '/', headers: { traceparent: `${GIVEN}-01` } })
  expect(spans).toEqual([])
})
