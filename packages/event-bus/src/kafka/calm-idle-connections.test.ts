import { createRequire } from 'node:module'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { calmIdleConnections, type RequestQueue } from './calm-idle-connections.ts'

type Queue = RequestQueue & {
  checkPendingRequests(): void
  push(request: object): void
  maybeThrottle(ms: number): void
  destroy(): void
}
const KafkaRequestQueue = createRequire(import.meta.url)(
  'kafkajs/src/network/requestQueue',
) as new (options: object) => Queue

const createQueue = () =>
  new KafkaRequestQueue({
    maxInFlightRequests: null,
    requestTimeout: 1000,
    enforceRequestTimeout: true,
    clientId: 'c',
    broker: 'b',
    logger: { debug() {}, warn() {} },
  })

/** The number of timers that an idle queue fires in a second. */
function countTimers(queue: Queue): number {
  const armed = vi.spyOn(globalThis, 'setTimeout')
  queue.checkPendingRequests()
  vi.advanceTimersByTime(1000)
  const count = armed.mock.calls.length
  armed.mockRestore()
  queue.destroy()
  return count
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('kafkajs fires hundreds of timers a second for an idle connection, none with the patch', () => {
  // If this fails, a newer kafkajs may not need the patch.
  expect(countTimers(createQueue())).toBeGreaterThan(500)
  calmIdleConnections(KafkaRequestQueue.prototype as Queue)
  expect(countTimers(createQueue())).toBe(0)
})

test('a throttled request is still sent after the throttle time', () => {
  calmIdleConnections(KafkaRequestQueue.prototype as Queue)
  const queue = createQueue()
  const sendRequest = vi.fn<() => void>()
  queue.maybeThrottle(300)
  queue.push({ entry: { correlationId: 1 }, expectResponse: true, sendRequest })
  vi.advanceTimersByTime(290)
  expect(sendRequest).not.toHaveBeenCalled()
  vi.advanceTimersByTime(30)
  expect(sendRequest).toHaveBeenCalledOnce()
  queue.destroy()
})

test('an idle connection looks for timed-out requests once a second, and finds them', () => {
  calmIdleConnections(KafkaRequestQueue.prototype as Queue)
  const queue = createQueue()
  const isConnected = vi.spyOn(queue, 'isConnected')
  queue.scheduleRequestTimeoutCheck()
  vi.advanceTimersByTime(10_000)
  expect(isConnected).toHaveBeenCalledTimes(10)
  const [resolve, reject] = [vi.fn<() => void>(), vi.fn<(error: Error) => void>()]
  const entry = { correlationId: 1, apiName: 'Fetch', resolve, reject }
  queue.push({ entry, expectResponse: true, sendRequest: () => {} })
  vi.advanceTimersByTime(1000)
  expect(reject).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1000)
  expect(String(reject.mock.calls[0]?.[0])).toContain('timed out')
  queue.destroy()
})
