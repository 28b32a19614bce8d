import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createServiceRecord } from '../domain/service-record.ts'
import { createHeartbeat } from './heartbeat.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** The times of heartbeats in seconds; each but the first is confirmed after `answerMs`. */
async function beatsAt(answerMs: number, failed = false): Promise<number[]> {
  const startedMs = Date.now()
  const sent: number[] = []
  const nowMs = () => Date.now() - startedMs
  const heartbeat = createHeartbeat({
    heartbeats: {
      beat() {
        sent.push(nowMs() / 1000)
        const answer = { downSeconds: 0, atMs: nowMs() }
        if (sent.length === 1) return Promise.resolve(answer)
        return new Promise((resolve, reject) => {
          setTimeout(() => (failed ? reject(new Error('timeout')) : resolve(answer)), answerMs)
        })
      },
    },
    service: createServiceRecord({ nowMs }),
    outbox: {
      measure: () => Promise.resolve({ events: 0, oldestSeconds: 0, sessions: 0 }),
    } as never,
    metrics: { downtime() {}, measured() {}, heartbeatFailed() {}, requestFailed() {} },
    nowMs,
  })
  await heartbeat.start()
  await vi.advanceTimersByTimeAsync(7000)
  const stopping = heartbeat.stop()
  await vi.runAllTimersAsync()
  await stopping
  return sent
}

test('a heartbeat does not wait for a late response to the last one', async () => {
  expect(await beatsAt(1400)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
})

test('while responses take longer than a rotation may wait, gaps between heartbeats are downtimes', async () => {
  expect(await beatsAt(2500)).toEqual([0, 1, 2, 5.5])
  expect(await beatsAt(2001, true)).toEqual([0, 1, 2, 5.001])
})
