import { expect, test } from 'vitest'
import { createServiceRecord, toUpUntil } from './service-record.ts'
import { LONGEST_GAP_MS } from './uptime.ts'

/** The database's clock is `AHEAD` of the monotonic one. */
const AHEAD = 1_800_000_000_000

function start() {
  let nowMs = 0
  const service = createServiceRecord({ nowMs: () => nowMs })
  const answered = () => ({ sentMs: nowMs, atMs: AHEAD + nowMs })
  service.heartbeatConfirmed(answered())
  return {
    service,
    answered,
    wait: (ms: number) => (nowMs += ms),
    upUntilMs: () => toUpUntil({ nowMs: AHEAD + nowMs, beatAtMs: AHEAD }, service.mark()) - AHEAD,
  }
}

test('a gap between heartbeats begins at the last committed rotation', () => {
  const { service, answered, wait, upUntilMs } = start()
  for (let i = 0; i < 10; i += 1) {
    wait(2000)
    expect(service.isServing()).toBe(true)
    service.rotationCommitted(answered())
  }
  expect(upUntilMs()).toBe(20_000)
  wait(LONGEST_GAP_MS + 1)
  expect(service.isServing()).toBe(false)
  expect(upUntilMs()).toBe(20_000)
})

test('after a failed rotation the gap begins before it, until a heartbeat is confirmed', () => {
  const { service, answered, wait, upUntilMs } = start()
  wait(1000)
  service.rotationCommitted(answered())
  wait(1000)
  service.rotationFailed()
  wait(1000)
  service.rotationCommitted(answered())
  expect(upUntilMs()).toBe(1000)
  wait(1000)
  service.heartbeatConfirmed(answered())
  wait(1000)
  service.rotationCommitted(answered())
  expect(service.mark()).toEqual({ servedUntilMs: AHEAD + 5000, beatAtMs: AHEAD + 4000 })
})

test('a paused process or database has not served, and only a heartbeat ends the gap', () => {
  const { service, answered, wait, upUntilMs } = start()
  const before = answered()
  wait(60_000)
  // Responses that waited in a socket during the pause.
  service.rotationCommitted(before)
  service.heartbeatConfirmed(before)
  expect(service.isServing()).toBe(false)
  service.rotationCommitted(answered())
  expect(service.isServing()).toBe(false)
  expect(upUntilMs()).toBe(0)
  service.heartbeatConfirmed(answered())
  expect(service.isServing()).toBe(true)
})

test('a rotation that waited for a paused database does not hide the pause', () => {
  const { service, answered, wait } = start()
  const { sentMs } = answered()
  wait(2900)
  service.rotationCommitted({ sentMs, atMs: AHEAD + 60_000 })
  expect(service.mark()?.servedUntilMs).toBe(AHEAD)
})

test('a mark from before the clock was set back, or from before a failover, is ignored', () => {
  const mark = { servedUntilMs: AHEAD + 5000, beatAtMs: AHEAD }
  expect(toUpUntil({ nowMs: AHEAD + 5000, beatAtMs: AHEAD }, mark)).toBe(AHEAD + 5000)
  expect(toUpUntil({ nowMs: AHEAD + 4999, beatAtMs: AHEAD }, mark)).toBe(AHEAD)
  expect(toUpUntil({ nowMs: AHEAD + 6000, beatAtMs: AHEAD - 1 }, mark)).toBe(AHEAD - 1)
  // Another replica has written a heartbeat since.
  expect(toUpUntil({ nowMs: AHEAD + 7000, beatAtMs: AHEAD + 6000 }, mark)).toBe(AHEAD + 6000)
  expect(toUpUntil({ nowMs: AHEAD, beatAtMs: AHEAD - 1 }, undefined)).toBe(AHEAD - 1)
})
