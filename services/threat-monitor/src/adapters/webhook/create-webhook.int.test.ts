import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Pattern } from '@auto-refresh/contracts'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from '@auto-refresh/test-engines'
import type { DetectionEvent } from '../../domain/to-detection-event.ts'
import { createWebhook } from './create-webhook.ts'
import { describeDetection } from './describe-detection.ts'

const secret = randomBytes(32)
const verifier = new Webhook(`whsec_${secret.toString('base64')}`)

type Received = {
  id: string
  body: unknown
  answer: (status: number, headers?: Record<string, string>) => void
}
let server: Server
let url: string
/** The response of the receiver; each post is verified first. */
let receive: (post: Received) => void
const arrived: Received[] = []

beforeEach(async () => {
  arrived.length = 0
  receive = ({ answer }) => answer(204)
  server = createServer((request, response) => void take(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = Buffer.concat(await request.toArray()).toString()
  const headers = request.headers as Record<string, string>
  const post = {
    id: headers['webhook-id'] ?? '',
    body: verifier.verify(body, headers),
    answer: (status: number, more = {}) =>
      void response.writeHead(status, more).end('x'.repeat(10)),
  }
  arrived.push(post)
  receive(post)
}

function aWebhook(
  options: { pausesMs?: readonly number[]; maxWaiting?: number; answerMs?: number } = {},
) {
  const results: string[] = []
  const failures: string[] = []
  const webhook = createWebhook({
    url,
    secret,
    clock: { nowMs: () => Date.now() },
    random: () => 0,
    onResult: (result) => results.push(result),
    onFailure: (reason) => failures.push(reason),
    pausesMs: [1, 1, 1],
    answerMs: 60_000,
    ...options,
  })
  return { ...webhook, results, failures }
}
const detection = (id: string, pattern: Pattern = 'reuse'): DetectionEvent => ({
  id,
  type: 'security.pattern-detected.v1',
  source: 'threat-monitor',
  time: '2026-11-23T12:00:00.000Z',
  subject: 's',
  key: 's',
  data: {
    pattern,
    count: 1,
    threshold: 1,
    window_seconds: 60,
    first_at: '2026-11-23T12:00:00.000Z',
    last_at: '2026-11-23T12:00:00.000Z',
    last_event_id: id,
  },
})

test('a detection arrives signed, with its type, time and data', async () => {
  const { notify, results } = aWebhook()
  notify(detection('d1'))
  await eventually(() => results.length === 1)
  const { type, time: timestamp, data } = detection('d1')
  const { text, severity } = describeDetection(data, undefined)
  expect(arrived.map(({ id, body }) => [id, body])).toEqual([
    ['d1', { type, timestamp, data, severity, text }],
  ])
  expect(results).toEqual(['delivered'])
})

test.each([
  ['answers 500', ({ answer }: Received) => answer(500)],
  ['leads elsewhere', ({ answer }: Received) => answer(302, { location: 'http://127.0.0.1:1/' })],
])('a receiver that %s gets retries with the same id until the last attempt', async (_, does) => {
  receive = does
  const { notify, results, failures } = aWebhook()
  notify(detection('d1'))
  await eventually(() => results.length === 1)
  expect([arrived.map(({ id }) => id), results, failures.length]).toEqual([
    ['d1', 'd1', 'd1', 'd1'],
    ['failed'],
    1,
  ])
})

test('a receiver that recovers gets the detection', async () => {
  receive = ({ answer }) => answer(arrived.length < 3 ? 503 : 200)
  const { notify, results } = aWebhook()
  notify(detection('d1'))
  await eventually(() => results.length === 1)
  expect([arrived.length, results]).toEqual([3, ['delivered']])
})

test('posts to a receiver that hangs or is unavailable time out', async () => {
  receive = () => {}
  const mute = aWebhook({ pausesMs: [], answerMs: 300 })
  mute.notify(detection('d1'))
  await eventually(() => mute.results.length === 1)
  expect([mute.results, mute.failures]).toEqual([['failed'], ['receiver timed out']])
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  const gone = aWebhook()
  gone.notify(detection('d2'))
  await eventually(() => gone.results.length === 1)
  expect([gone.results, gone.failures]).toEqual([['failed'], ['receiver unavailable']])
})

test('with a slow receiver some posts run concurrently, the rest waits, and what exceeds the queue has failed', async () => {
  receive = () => {}
  const { notify, results, stop } = aWebhook({ maxWaiting: 10 })
  for (let i = 0; i < 100; i += 1) notify(detection(`d${i}`))
  expect(results).toEqual(Array(86).fill('failed'))
  await eventually(() => arrived.length === 4)
  for (const { answer } of arrived) answer(200)
  receive = ({ answer }) => answer(200)
  await eventually(() => results.length === 100)
  expect(results.filter((result) => result === 'delivered')).toHaveLength(14)
  await stop({ drainMs: 0 })
})

const QUICK_MS = 5000

test('a reuse is posted at once although the receiver takes 300 ms and 600 routine detections wait', async () => {
  receive = ({ answer }) => void setTimeout(() => answer(200), 300)
  const { notify, results, stop } = aWebhook()
  for (let i = 0; i < 600; i += 1) notify(detection(`cheap${i}`, 'refusals'))
  await eventually(() => arrived.length > 0)
  const startedMs = performance.now()
  notify(detection('theft'))
  await eventually(() => arrived.some(({ id }) => id === 'theft'))
  expect(performance.now() - startedMs).toBeLessThan(QUICK_MS)
  await eventually(() => results.length === 601)
  expect([new Set(results), arrived.length]).toEqual([
    new Set(['delivered']),
    expect.toSatisfy((posts: number) => posts < 30),
  ])
  await stop({ drainMs: 0 })
})

test('a reuse is posted at once although the receiver hangs on routine detections, and none displaces it', async () => {
  receive = ({ id, answer }) => (id.startsWith('cheap') ? undefined : answer(200))
  const { notify, results, stop } = aWebhook({ answerMs: 60_000 })
  for (let i = 0; i < 2600; i += 1) notify(detection(`cheap${i}`, 'refusals'))
  expect(results.every((result) => result === 'failed')).toBe(true)
  for (const pattern of ['reuse', 'shadow', 'sign_in_after_reuse'] as const)
    notify(detection(pattern, pattern))
  await eventually(() => results.includes('delivered'))
  await eventually(() => results.filter((result) => result === 'delivered').length === 3)
  await stop({ drainMs: 0 })
})

test('an urgent detection that waits for its retry delays no other', async () => {
  receive = ({ id, answer }) => answer(id === 'theft' ? 200 : 500)
  const { notify, results, stop } = aWebhook({ pausesMs: [3_600_000] })
  for (let i = 0; i < 10; i += 1) notify(detection(`d${i}`))
  await eventually(() => arrived.length === 10)
  notify(detection('theft'))
  await eventually(() => results.length === 1)
  expect(results).toEqual(['delivered'])
  await stop({ drainMs: 0 })
  expect(results).toHaveLength(11)
})

test('many detections of one pattern share a post, each with id, time and data, and a flood of one pattern delays no other', async () => {
  const first = Promise.withResolvers<void>()
  receive = ({ answer }) => void first.promise.then(() => answer(200))
  const { notify, results } = aWebhook()
  for (let i = 0; i < 200; i += 1) notify(detection(`r${i}`, 'refusals'))
  notify(detection('s0', 'stuffing'))
  await eventually(() => arrived.length === 2)
  first.resolve()
  await eventually(() => results.length === 201)
  const { time: timestamp, type, data } = detection('r2', 'refusals')
  const group = arrived.find(({ id }) => id === 'r2')?.body as { more: { id: string }[] }
  expect(group).toMatchObject({ type, timestamp, data })
  const second = detection('r3', 'refusals').data
  expect(group.more[0]).toEqual({
    id: 'r3',
    timestamp,
    data: second,
    ...describeDetection(second, undefined),
  })
  expect(arrived.findIndex(({ id }) => id === 's0')).toBeLessThan(4)
  const ids = arrived.flatMap(({ id, body }) => [
    id,
    ...((body as { more?: { id: string }[] }).more ?? []).map((other) => other.id),
  ])
  expect(ids.toSorted()).toEqual(
    [...Array.from({ length: 200 }, (_, i) => `r${i}`), 's0'].toSorted(),
  )
})

test('a stop delivers what it can within its deadline, and counts the rest as failed', async () => {
  const quick = aWebhook()
  for (let i = 0; i < 20; i += 1) quick.notify(detection(`d${i}`))
  await quick.stop({ drainMs: 60_000 })
  expect(quick.results).toEqual(Array(20).fill('delivered'))

  receive = () => {}
  const stuck = aWebhook()
  for (let i = 0; i < 20; i += 1) stuck.notify(detection(`d${i}`))
  await eventually(() => arrived.length === 24)
  await stuck.stop({ drainMs: 10 })
  stuck.notify(detection('late'))
  expect(stuck.results).toEqual(Array(21).fill('failed'))
})
