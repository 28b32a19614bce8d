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
