import { createBreaker } from '@auto-refresh/service-kit/redis'
import { expect, test, vi } from 'vitest'
import { createBoundedLimiter, type Limiter } from './create-bounded-limiter.ts'
import { createSharedLimiter } from './create-shared-limiter.ts'

const allowed = { allowed: true }
const refused = { allowed: false, retryAfterSeconds: expect.any(Number) }
const fail = () => Promise.reject(new Error('connection lost'))

function aBreaker() {
  const reported: string[] = []
  return {
    reported,
    breaker: createBreaker({
      onOpen: (error) => reported.push(String(error)),
      onClose: () => reported.push('closed'),
    }),
  }
}

/**
 * Two replicas with a limit each and a shared counter, which works or fails every call.
 */
async function aPair(points: number) {
  const limit = { points, seconds: 60 }
  const counter = createBoundedLimiter({ limit })
  const isAvailable = vi.fn<() => boolean>(() => true)
  const through = <T>(work: () => Promise<T>) => (isAvailable() ? work() : fail())
  const shared = {
    take: vi.fn<Limiter['take']>((key) => through(() => counter.take(key))),
    refund: (key: string) => through(() => counter.refund(key)),
  }
  const replica = async () => {
    const { breaker } = aBreaker()
    const recover = () => breaker.probe(() => through(async () => {}))
    await recover()
    return {
      ...createSharedLimiter({ local: createBoundedLimiter({ limit }), shared, breaker }),
      recover,
    }
  }
  return { a: await replica(), b: await replica(), shared, isAvailable }
}

test('two replicas share a limit, and one can take what the other has refunded', async () => {
  const { a, b } = await aPair(2)
  expect([await a.take('k'), await b.take('k')]).toEqual([allowed, allowed])
  expect([await a.take('k'), await b.take('k'), await b.take('other')]).toEqual([
    refused,
    refused,
    allowed,
  ])
  await a.refund('k')
  expect([await b.take('k'), await a.take('k')]).toEqual([allowed, refused])
})

test('without the shared counter each replica continues from its own count', async () => {
  const { a, b, isAvailable } = await aPair(3)
  expect([await a.take('k'), await a.take('k'), await b.take('k')]).toEqual([
    allowed,
    allowed,
    allowed,
  ])
  expect(await a.take('k')).toEqual(refused)
  isAvailable.mockReturnValue(false)
  expect([await a.take('k'), await a.take('k')]).toEqual([allowed, refused])
  expect([await b.take('k'), await b.take('k'), await b.take('k')]).toEqual([
    allowed,
    allowed,
    refused,
  ])
  await b.refund('k')
  expect([await b.take('k'), await b.take('k')]).toEqual([allowed, refused])
})

test('after a failure the shared counter is not called until a probe succeeds', async () => {
  const { a, b, shared, isAvailable } = await aPair(5)
  isAvailable.mockReturnValue(false)
  for (let i = 0; i < 3; i++) expect(await a.take('k')).toEqual(allowed)
  await a.recover()
  await a.take('k')
  expect(shared.take).toHaveBeenCalledTimes(1)
  isAvailable.mockReturnValue(true)
  await a.recover()
  await a.take('k')
  expect(shared.take).toHaveBeenCalledTimes(2)
  expect(await b.take('k')).toEqual(allowed)
})

test('a local refusal does not reach the shared counter', async () => {
  const { a, shared } = await aPair(1)
  for (let i = 0; i < 10; i++) await a.take('k')
  expect(shared.take).toHaveBeenCalledTimes(1)
})

test('the circuit breaker is open until the first success, and reports every change once', async () => {
  const { breaker, reported } = aBreaker()
  const work = vi.fn<() => Promise<number>>(async () => 7)
  expect([await breaker.ask(work), breaker.isClosed()]).toEqual([undefined, false])
  expect(work).not.toHaveBeenCalled()
  await breaker.probe(fail)
  await breaker.probe(fail)
  await breaker.probe(work)
  await breaker.probe(work)
  expect([await breaker.ask(work), breaker.isClosed()]).toEqual([7, true])
  expect([await breaker.ask(fail), await breaker.ask(fail), await breaker.ask(work)]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(reported).toEqual(['Error: connection lost', 'closed', 'Error: connection lost'])
})
