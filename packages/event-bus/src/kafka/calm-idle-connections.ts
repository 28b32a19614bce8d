/** The used part of kafkajs 2.2.4's private `network/requestQueue`. */
export type RequestQueue = {
  pending: readonly unknown[]
  inflight: ReadonlyMap<number, { sentAt: number; requestTimeout: number; timeoutRequest(): void }>
  throttledUntil: number
  enforceRequestTimeout: boolean
  requestTimeoutIntervalId?: NodeJS.Timeout
  isConnected(): boolean
  destroy(): void
  scheduleCheckPendingRequests(): void
  scheduleRequestTimeoutCheck(): void
}

/** Milliseconds between two looks for timed-out requests; kafkajs looks every 100 ms. */
const LOOK_MS = 1000

const calmed = new WeakSet<object>()

/**
 * Patches two timers of every connection of kafkajs 2.2.4. One is re-armed for ever with a negative
 * delay, which is 1 ms on Node 24 (kafkajs #1751: 905 timers a second for an idle producer).
 * Afterwards it is armed only while requests are pending or a broker throttles. The other looks for
 * timed-out requests, afterwards once a second.
 */
export function calmIdleConnections(queue: RequestQueue): void {
  if (calmed.has(queue)) return
  calmed.add(queue)
  const schedule = queue.scheduleCheckPendingRequests
  queue.scheduleCheckPendingRequests = function scheduleWhereNeeded(this: RequestQueue) {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this)
  }
  queue.scheduleRequestTimeoutCheck = function scheduleLook(this: RequestQueue) {
    if (!this.enforceRequestTimeout) return
    this.destroy()
    this.requestTimeoutIntervalId = setInterval(() => {
      for (const request of this.inflight.values())
        if (Date.now() - request.sentAt > request.requestTimeout) request.timeoutRequest()
      if (!this.isConnected()) this.destroy()
    }, LOOK_MS)
  }
}
