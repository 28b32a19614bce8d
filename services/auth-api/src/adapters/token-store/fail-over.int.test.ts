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

const ISSUE = {
  userId: SESSION,
  userVersion: 0,
  clientId: 'c',
  context: CONTEXT,
  accessTtlSeconds: 1,
}
const closeConnection = ({ response }: Asked) => void response.destroy()

test('a request whose connection breaks is retried once', async () => {
  const store = await openTestStore()
  const { tokenStore } = openClient({ urls: [store.url] })
  store.behaviour = (call) => (store.asked.length === 1 ? closeConnection(call) : answer(call))
  expect(await tokenStore.rotate(rotation('art_5'))).toEqual({
    outcome: 'rate_limited',
    retryAfterSeconds: 5,
  })
  expect(store.asked.map(({ items }) => items)).toEqual([[rotation('art_5')], [rotation('art_5')]])
  store.behaviour = closeConnection
  await expect(tokenStore.rotate(rotation())).rejects.toMatchObject({ code: 'unavailable' })
  expect(store.asked).toHaveLength(4)
})

test('an issue that may have reached a store is not retried, so that a sign-in never opens two sessions', async () => {
  const [a, b] = [await openTestStore(), await openTestStore()]
  const { tokenStore } = openClient({ urls: [a.url, b.url] })
  a.behaviour = closeConnection
  b.behaviour = closeConnection
  await expect(tokenStore.issue(ISSUE)).rejects.toMatchObject({ code: 'unavailable' })
  expect(a.asked.length + b.asked.length).toBe(1)
})

test('an issue is retried at the other store when no connection was made', async () => {
  const [a, b] = [await openTestStore(), await openTestStore()]
  const { tokenStore } = openClient({ urls: [a.url, b.url] })
  b.behaviour = ({ response }) =>
    void response.end(JSON.stringify({ results: [{ outcome: 'user_revoked' }] }))
  await a.stop()
  for (const _ of [1, 2, 3])
    expect(await tokenStore.issue(ISSUE)).toEqual({ outcome: 'user_revoked' })
})

test('sequential calls are spread over the stores', async () => {
  const [a, b] = [await openTestStore(), await openTestStore()]
  const { tokenStore } = openClient({ urls: [a.url, b.url] })
  for (let i = 0; i < 10; i += 1) await tokenStore.rotate(rotation())
  expect([a.asked.length, b.asked.length]).toEqual([5, 5])
})

test('calls are spread over the addresses of a name, and move to its new addresses', async () => {
  const a = await openTestStore({ host: '127.0.0.2' })
  const [b, c] = [
    await openTestStore({ host: '127.0.0.3', port: a.port }),
    await openTestStore({ host: '127.0.0.4', port: a.port }),
  ]
  let addresses = ['127.0.0.2', '127.0.0.3']
  const { tokenStore } = openClient({
    urls: [`http://token-store:${a.port}`],
    lookup: async () => addresses,
  })
  for (let i = 0; i < 10; i += 1) await tokenStore.rotate(rotation())
  expect([a.asked.length, b.asked.length]).toEqual([5, 5])
  addresses = ['127.0.0.4']
  await expect
    .poll(() => tokenStore.rotate(rotation()).then(() => c.asked.length))
    .toBeGreaterThan(0)
  const before = a.asked.length + b.asked.length
  for (let i = 0; i < 4; i += 1) await tokenStore.rotate(rotation())
  expect(a.asked.length + b.asked.length).toBe(before)
})

test('when a store is killed under load no call fails; it is marked unhealthy, and used again after a probe', async () => {
  const [a, b] = [await openTestStore(), await openTestStore()]
  const { tokenStore, messages } = openClient({ urls: [a.url, b.url] })
  const ask = (count: number) =>
    Promise.all(Array.from({ length: count }, () => tokenStore.rotate(rotation())))
  const load: Array<Promise<unknown[]>> = []
  for (let i = 0; i < 50; i += 1) {
    load.push(ask(5))
    if (i === 25) await a.stop()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect((await Promise.all(load)).flat()).toHaveLength(250)
  await ask(1)
  expect(messages).toEqual(['token-store replica marked unhealthy'])
  const asked = a.asked.length
  await a.start()
  await expect
    .poll(() => messages)
    .toEqual(['token-store replica marked unhealthy', 'token-store replica recovered'])
  for (let i = 0; i < 4; i += 1) await ask(1)
  expect(a.asked.length).toBe(asked + 2)
})

test('a hanging store delays some calls by half of the deadline once; probes delay no call', async () => {
  const [a, b] = [await openTestStore(), await openTestStore()]
  const { tokenStore } = openClient({ urls: [a.url, b.url], deadlineMs: 6000 })
  a.behaviour = () => undefined
  a.probesAnswered = false
  const first = await Promise.all(
    Array.from({ length: 20 }, () => timed(tokenStore.rotate(rotation('art_7')))),
  )
  expect(new Set(first.map(({ value }) => JSON.stringify(value)))).toEqual(
    new Set(['{"outcome":"rate_limited","retryAfterSeconds":7}']),
  )
  await tokenStore.rotate(rotation())
  const asked = a.asked.length
  await expect
    .poll(async () => {
      const [probes, wasOpen] = [a.probes, a.openProbes > 0]
      await tokenStore.rotate(rotation())
      return (
        wasOpen && a.openProbes > 0 && a.probes === probes && 'responded during a hanging probe'
      )
    })
    .toBe('responded during a hanging probe')
  expect(a.asked.length).toBe(asked)

  a.behaviour = answer
  a.probesAnswered = true
  await expect
    .poll(() => tokenStore.rotate(rotation()).then(() => a.asked.length))
    .toBeGreaterThan(asked)
})

test('while a batch hangs at one store, other calls use the other store', async () => {
  const [a, b] = [await openTestStore(), await openTestStore()]
  const { tokenStore } = openClient({ urls: [a.url, b.url] })
  const held: Asked[] = []
  a.behaviour = (call) => void held.push(call)
  const waiting: Array<Promise<unknown>> = []
  while (a.asked.length === 0) {
    const answered = b.asked.length
    waiting.push(tokenStore.rotate(rotation()))
    await expect.poll(() => a.asked.length + b.asked.length - answered).toBeGreaterThan(0)
  }
  for (let i = 0; i < 20; i += 1) await tokenStore.rotate(rotation())
  expect([a.asked.length, held.length]).toEqual([1, 1])
  held.forEach(answer)
  await Promise.all(waiting)
  expect(a.asked).toHaveLength(1)
})

test('with all stores down calls fail within 300 ms, and succeed as soon as one is up', async () => {
  const [a, b] = [await openTestStore(), await openTestStore()]
  const { tokenStore } = openClient({ urls: [a.url, b.url] })
  await Promise.all([a.stop(), b.stop()])
  const tookMs: number[] = []
  for (const _ of [1, 2, 3]) {
    const { value, ms } = await timed(tokenStore.rotate(rotation()))
    expect(value).toMatchObject({ code: 'unavailable', cause: { cause: { code: 'ECONNREFUSED' } } })
    tookMs.push(ms)
  }
  expect(Math.min(...tookMs)).toBeLessThan(300)
  await b.start()
  expect(await tokenStore.rotate(rotation('art_3'))).toEqual({
    outcome: 'rate_limited',
    retryAfterSeconds: 3,
  })
})

test('with a single store down calls fail within 300 ms, and succeed as soon as it is up', async () => {
  const store = await openTestStore()
  const { tokenStore } = openClient({ urls: [store.url] })
  await tokenStore.rotate(rotation())
  await store.stop()
  const tookMs: number[] = []
  for (const _ of [1, 2, 3]) {
    const { value, ms } = await timed(tokenStore.rotate(rotation()))
    expect(value).toMatchObject({ code: 'unavailable' })
    tookMs.push(ms)
  }
  // The shortest, because each can be late on a busy machine.
  expect(Math.min(...tookMs)).toBeLessThan(300)
  await store.start()
  expect(await tokenStore.rotate(rotation('art_3'))).toEqual({
    outcome: 'rate_limited',
    retryAfterSeconds: 3,
  })
})

test('close waits for the calls in flight', async () => {
  const store = await openTestStore()
  const held: Asked[] = []
  store.behaviour = (call) => void held.push(call)
  const { tokenStore, close } = openClient({ urls: [store.url] })
  const result = tokenStore.rotate(rotation('art_4'))
  await expect.poll(() => held.length).toBe(1)
  const closed = close()
  held.forEach(answer)
  expect(await result).toEqual({ outcome: 'rate_limited', retryAfterSeconds: 4 })
  await closed
  await expect(tokenStore.rotate(rotation())).rejects.toMatchObject({ code: 'unavailable' })
})
