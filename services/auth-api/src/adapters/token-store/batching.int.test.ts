import { noTracing } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import {
  answer,
  CONTEXT,
  openClient,
  openTestStore,
  rotation,
  SESSION,
  timed,
  type Asked,
} from './testing/test-stores.ts'

const TOKENS = Array.from({ length: 100 }, (_, i) => `art_${i + 1}`)
const OWN_ANSWERS = TOKENS.map((_, i) => ({ outcome: 'rate_limited', retryAfterSeconds: i + 1 }))

test('simultaneous calls go into one request, and each gets its own result', async () => {
  const store = await openTestStore()
  const { tokenStore } = openClient({ urls: [store.url] })
  expect(await Promise.all(TOKENS.map((token) => tokenStore.rotate(rotation(token))))).toEqual(
    OWN_ANSWERS,
  )
  expect(await Promise.all(TOKENS.map((token) => tokenStore.peek(rotation(token))))).toEqual(
    OWN_ANSWERS,
  )
  expect(store.asked.map(({ verb, items }) => [verb, items.length])).toEqual([
    ['rotate', 100],
    ['peek', 100],
  ])
})

test('at most three batches are in flight, all waiting calls go into the next, up to 256', async () => {
  const store = await openTestStore()
  const held: Asked[] = []
  store.behaviour = (call) =>
    void (call.verb === 'rotate'
      ? held.push(call)
      : call.response.end('{"results":[{"outcome":"not_found"}]}'))
  const { tokenStore } = openClient({ urls: [store.url] })
  const ask = (count: number) => Array.from({ length: count }, () => tokenStore.rotate(rotation()))
  const sizes = () =>
    store.asked.filter(({ verb }) => verb === 'rotate').map(({ items }) => items.length)

  const answers = ask(1)
  for (const inFlight of [2, 3]) {
    await expect.poll(() => held.length).toBe(inFlight - 1)
    answers.push(...ask(1))
  }
  await expect.poll(() => held.length).toBe(3)
  answers.push(...ask(100), ...ask(200))
  // A fourth batch would have arrived before these calls.
  for (const _ of [1, 2]) await tokenStore.inspect({ sessionId: SESSION })
  expect(sizes()).toEqual([1, 1, 1])
  store.behaviour = answer
  held.forEach(answer)
  expect(await Promise.all(answers)).toHaveLength(303)
  expect(sizes()).toEqual([1, 1, 1, 256, 44])
})

test('a failed or malformed result affects its own call only', async () => {
  const store = await openTestStore()
  store.behaviour = ({ response }) =>
    void response.end(
      JSON.stringify({
        results: [{ outcome: 'expired' }, { error: 'unavailable' }, { outcome: 'made_up' }],
      }),
    )
  const { tokenStore } = openClient({ urls: [store.url] })
  expect(
    await Promise.allSettled(['1', '2', '3'].map((token) => tokenStore.rotate(rotation(token)))),
  ).toMatchObject([
    { value: { outcome: 'expired' } },
    {
      reason: {
        code: 'unavailable',
        cause: { cause: { message: 'token-store failed to process the request' } },
      },
    },
    {
      reason: {
        code: 'unavailable',
        cause: { cause: { message: 'Unexpected response body from token-store' } },
      },
    },
  ])
  expect(store.asked).toHaveLength(1)
})

test('when token-store rejects a batch, only the invalid items fail', async () => {
  const store = await openTestStore()
  store.behaviour = (call) => {
    const status =
      call.items.length > 40 ? 413 : call.items.some(({ token }) => token === 'art_77') ? 400 : 200
    return status === 200 ? answer(call) : void call.response.writeHead(status).end('{}')
  }
  const { tokenStore, messages } = openClient({ urls: [store.url] })
  const outcomes = await Promise.allSettled(
    TOKENS.map((token) => tokenStore.rotate(rotation(token))),
  )
  expect(
    outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])),
  ).toEqual(OWN_ANSWERS.filter((_, i) => i !== 76))
  expect(outcomes[76]).toMatchObject({
    reason: { code: 'unavailable', cause: { cause: { message: 'token-store responded 400' } } },
  })
  expect(messages).toEqual([])
})

test('the deadline applies to calls that wait behind a hanging store', async () => {
  const store = await openTestStore()
  store.behaviour = () => undefined
  const { tokenStore } = openClient({ urls: [store.url], deadlineMs: 300 })
  const outcomes = await Promise.all(
    Array.from({ length: 1000 }, () => timed(tokenStore.rotate(rotation()))),
  )
  expect(
    outcomes.filter(({ value }) => (value as { code?: string }).code === 'unavailable'),
  ).toHaveLength(1000)
  expect(Math.max(...outcomes.map(({ ms }) => ms))).toBeLessThan(15_000)
})

test('the deadline applies while a name is looked up', async () => {
  const { tokenStore } = openClient({
    urls: ['http://token-store:1'],
    deadlineMs: 100,
    lookup: () => new Promise(() => {}),
  })
  const { value, ms } = await timed(tokenStore.inspect({ sessionId: SESSION }))
  expect(value).toMatchObject({ code: 'unavailable' })
  expect(ms).toBeLessThan(15_000)
})

test('a rotation without an Idempotency-Key gets one, so that its retry is no reuse', async () => {
  const store = await openTestStore()
  store.behaviour = (call) =>
    store.asked.length === 1 ? void call.response.destroy() : answer(call)
  const { tokenStore } = openClient({ urls: [store.url] })
  await tokenStore.rotate({ token: 'art_5', context: CONTEXT, accessTtlSeconds: 1 })
  await tokenStore.rotate(rotation())
  const keys = store.asked.map(({ items }) => items[0]?.idempotencyKey)
  expect(keys).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), keys[0], 'attempt'])
})

test('a batch carries the trace of each item, and its own trace in the header', async () => {
  const store = await openTestStore()
  const spans: { name: string; traceparents?: readonly unknown[] }[] = []
  const tracing: typeof noTracing = {
    current: () => 'call',
    span: ({ name }, work) => {
      spans.push({ name })
      return work()
    },
    spanForAll: ({ name }, traceparents, work) => {
      spans.push({ name, traceparents })
      return work(traceparents.map((each) => each && `own ${each}`))
    },
  }
  const { tokenStore } = openClient({ urls: [store.url], tracing })
  const [a, c] = ['a', 'c'].map((digit) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`)
  await Promise.all(
    [a, undefined, c].map((traceparent) =>
      tokenStore.rotate({ ...rotation(), ...(traceparent !== undefined && { traceparent }) }),
    ),
  )
  expect(store.asked).toMatchObject([
    { traceparent: 'call', items: [{ traceparent: `own ${a}` }, {}, { traceparent: `own ${c}` }] },
  ])
  expect(store.asked[0]?.items[1]).not.toHaveProperty('traceparent')
  await tokenStore.inspect({ sessionId: SESSION }).catch(() => {})
  expect(spans).toEqual([
    { name: 'rotate together', traceparents: [a, undefined, c] },
    { name: 'POST /internal/v1/rotate' },
    { name: 'POST /internal/v1/inspect' },
  ])
})
