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
const hangUp = ({ response }: Asked) => void response.destroy()

test('a request whose connection breaks is made once more, and no third time', async () => {
  const store = await openTestStore()
  const { tokenStore } = openClient({ urls: [store.url] })
  store.behaviour = (call) => (store.asked.length === 1 ? hangUp(call) : answer(call))
  expect(await tokenStore.rotate(rotation('art_5'))).toEqual({
    outcome: 'rate_limited',
    retryAfterSeconds: 5,
  })
  expect(store.asked.map(({ items }) => items)).toEqual([[rotation('art_5')], [rotation('art_5')]])
  store.behaviour = hangUp
  await expect(tokenStore.rotate(rotation())).rejects.toMatchObject({ code: 'unavailable' })
  expect(store.asked).toHaveLength(4)
})

test('an issue that may have reached a store is not made again: nobody gets two sessions', async () => {
  const [a, b] = [await openTestStore(), await openTestStore()]
  const { tokenStore } = openClient({ urls: [a.url, b.url] })
  a.behaviour = hangUp
  b.behaviour = hangUp
  await expect(tokenStore.issue(ISSUE)).rejects.toMatchObject({ code: 'unavailable' })
  expect(a.asked.length + b.asked.length).toBe(1)
})

test('an issue for which no connection could be made goes to the other store', async () => {
  const [a, b] = [await openTestStore(), await openTestStore()]
  const { tokenStore } = openClient({ urls: [a.url, b.url] })
  b.behaviour = ({ response }) =>
    void response.end(JSON.stringify({ results: [{ outcome: 'user_revoked' }] }))
  await a.stop()
  for (const _ of [1, 2, 3])
    expect(await tokenStore.issue(ISSUE)).toEqual({ outcome: 'user_revoked' })
})

test('calls spread over the stores, also one after the other', async () => {
  const [a, b] = [await openTestStore(), await openTestStore()]
  const { tokenStore } = openClient({ urls: [a.url, b.url] })
  for (let i = 0; i < 10; i += 1) await tokenStore.rotate(rotation())
  expect([a.asked.length, b.asked.length]).toEqual([5, 5])
})

test('calls spread over the addresses of one name, and follow it to new ones', async () => {
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

test('a store that is killed under load costs no call, is left alone, and is used again when it is back', async () => {
  const [a, b] = [await openTestStore(), await openTestStore()]
  const { tokenStore, told } = openClient({ urls: [a.url, b.url] })
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
  expect(told).toEqual(['token-store replica marked unhealthy'])
  const asked = a.asked.length
  await a.start()
  await expect
    .poll(() => told)
    .toEqual(['token-store replica marked unhealthy', 'token-store replica recovered'])
  for (let i = 0; i < 4; i += 1) await ask(1)
  expect(a.asked.length).toBe(asked + 2)
})

test('a store that hangs costs some callers half of the deadline once, and nobody pays for looking after it', async () => {
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
      return wasOpen && a.openProbes > 0 && a.probes === probes && 'answered while a probe hung'
    })
    .toBe('answered while a probe hung')
  expect(a.asked.length).toBe(asked)

  a.behaviour = answer
  a.probesAnswered = true
  await expect
    .poll(() => tokenStore.rotate(rotation()).then(() => a.asked.length))
    .toBeGreaterThan(asked)
})

test('while a batch hangs at one store, others pass through the other', async () => {
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

test('all stores away is unavailable in less than 300 ms, and over as soon as one is back', async () => {
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

test('one store alone that is away is unavailable in less than 300 ms, and used again when it is back', async () => {
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
  // The shortest, as above: the machine may be busy with something else.
  expect(Math.min(...tookMs)).toBeLessThan(300)
  await store.start()
  expect(await tokenStore.rotate(rotation('art_3'))).toEqual({
    outcome: 'rate_limited',
    retryAfterSeconds: 3,
  })
})

test('close waits for the answers that are still to come', async () => {
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
