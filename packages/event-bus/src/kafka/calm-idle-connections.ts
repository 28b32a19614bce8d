/** The used part of kafkajs 2.2.4's private `network/requestQueue`. */
export type RequestQueue = {
  pending: readonly unknown[]
  throttledUntil: number
  scheduleCheckPendingRequests(): void
}

const calmed = new WeakSet<object>()

/**
 * Patches the timer that every connection of kafkajs 2.2.4 re-arms for ever with a negative delay,
 * which is 1 ms on Node 24 (kafkajs #1751: 905 timers a second for an idle producer). Afterwards it
 * is armed only while requests are pending or a broker throttles.
 */
export function calmIdleConnections(queue: RequestQueue): void {
  if (calmed.has(queue)) return
  calmed.add(queue)
  const schedule = queue.scheduleCheckPendingRequests
  queue.scheduleCheckPendingRequests = function scheduleWhereNeeded(this: RequestQueue) {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this)
  }
}
