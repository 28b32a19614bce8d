import type { AnyEvent } from '@auto-refresh/contracts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createEventStreams } from './create-event-streams.ts'

const BEAT_MS = 5000
const ANN = '0198c1a0-0000-7000-8000-00000000000a'
const BEN = '0198c1a0-0000-7000-8000-00000000000b'
const logout = (userId: string, id = 'e1'): AnyEvent => ({
  id,
  type: 'session.revoked.v1',
  source: 'test',
  time: '2026-11-23T12:00:00Z',
  subject: 's',
  key: 's',
  data: {
    session_id: 's',
    session_seq: 1,
    user_id: userId,
    client_id: 'c',
    generation: 0,
    reason: 'logout',
    session_seconds: 1,
  },
})

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A stream and a reader that records everything. */
function open(
  streams: ReturnType<typeof createEventStreams>,
  userId = ANN,
  isStillAllowed = async () => true,
) {
  const body = streams.open({ userId, isStillAllowed })
  const seen = { text: '', isOver: false }
  body
    ?.on('data', (chunk: Buffer) => (seen.text += chunk.toString()))
    .on('end', () => (seen.isOver = true))
  return { body, seen }
}
const settle = () => vi.advanceTimersByTimeAsync(0)

test('a user receives only events about the own sessions', async () => {
  const streams = createEventStreams()
  const { seen } = open(streams)
  const failed: AnyEvent = {
    ...logout(BEN),
    type: 'login.failed.v1',
    data: { username_hash: 'h', reason: 'invalid_credentials', network: 'n', agent: 'a' },
  }
  streams.publish([logout(BEN, 'of-ben'), logout(ANN, 'of-ann'), failed])
  await settle()
  expect(seen.text).toMatch(
    /^: open\n\nid: of-ann\nevent: session\.revoked\.v1\ndata: \{.*"reason":"logout".*\}\n\n$/,
  )
})

test('a silent stream is kept alive by a heartbeat', async () => {
  const { seen } = open(createEventStreams())
  await vi.advanceTimersByTimeAsync(2 * BEAT_MS)
  expect(seen).toEqual({ text: ': open\n\n: beat\n\n: beat\n\n', isOver: false })
})

test('a stream reports the end of its own session and closes a heartbeat later', async () => {
  const streams = createEventStreams()
  let isAllowed = true
  const { seen } = open(streams, ANN, async () => isAllowed)
  isAllowed = false
  await vi.advanceTimersByTimeAsync(BEAT_MS)
  streams.publish([logout(ANN)])
  await settle()
  expect(seen).toMatchObject({ text: expect.stringContaining('session.revoked.v1'), isOver: false })
  await vi.advanceTimersByTimeAsync(BEAT_MS)
  expect(seen.isOver).toBe(true)
})

test('a failed access check closes no stream', async () => {
  const { seen } = open(createEventStreams(), ANN, () => Promise.reject(new Error('no database')))
  await vi.advanceTimersByTimeAsync(3 * BEAT_MS)
  expect(seen.isOver).toBe(false)
})

test('a fifth stream of a user replaces the first one, with an event; other users keep theirs', async () => {
  const streams = createEventStreams()
  const ben = open(streams, BEN)
  const [first, second] = Array.from({ length: 5 }, () => open(streams))
  await settle()
  expect(first?.seen).toEqual({ text: ': open\n\nevent: replaced\ndata: {}\n\n', isOver: true })
  expect([second?.seen.isOver, ben.seen.isOver]).toEqual([false, false])
})

test('the number of streams is limited, and a disconnected reader frees one', async () => {
  const streams = createEventStreams()
  const all = Array.from({ length: 32 }, (_, index) =>
    open(streams, `user ${Math.floor(index / 4)}`),
  )
  expect(all.every(({ body }) => body !== undefined)).toBe(true)
  expect(open(streams, ANN).body).toBeUndefined()
  all[0]?.body?.destroy()
  await settle()
  expect(open(streams, ANN).body).toBeDefined()
})

test('a reader that does not read is disconnected, without effect on others', async () => {
  const streams = createEventStreams()
  const stuck = streams.open({ userId: ANN, isStillAllowed: async () => true })
  const { seen } = open(streams)
  for (let index = 0; index < 1000; index += 1) {
    streams.publish([logout(ANN, `e${index}`)])
    await settle()
    expect(stuck?.readableLength).toBeLessThan(70_000)
  }
  expect(stuck?.destroyed).toBe(true)
  expect(seen).toMatchObject({ text: expect.stringContaining('id: e999\n'), isOver: false })
})

test('all streams end when the process stops, and no timer is left', async () => {
  const streams = createEventStreams()
  const { seen } = open(streams)
  streams.endAll()
  await settle()
  expect([seen.isOver, vi.getTimerCount()]).toEqual([true, 0])
})
