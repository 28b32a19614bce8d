import { EventEmitter } from 'node:events'
import { expect, test, vi } from 'vitest'
import { createCommits } from './create-commits.ts'
import { runMember } from './run-member.ts'

const kafka = vi.hoisted(() => ({ consumer: {} }))
vi.mock('../open-kafka.ts', () => ({ openKafka: () => ({ consumer: () => kafka.consumer }) }))

function openConsumer() {
  const emitter = new EventEmitter()
  const consumer = {
    events: { CRASH: 'crash', REBALANCING: 'rebalancing', GROUP_JOIN: 'join' },
    on: (name: string, listener: (event: unknown) => void) => emitter.on(name, listener),
    connect: async () => {},
    subscribe: async () => {},
    run: vi.fn<() => Promise<void>>(async () => {}),
    disconnect: vi.fn<() => Promise<void>>(async () => {}),
  }
  kafka.consumer = consumer
  return {
    ...consumer,
    crash: (error: Error) => emitter.emit('crash', { payload: { error, restart: false } }),
  }
}

function startMember() {
  const consumer = openConsumer()
  const commits = createCommits()
  const closing = new AbortController()
  const ended = runMember({
    settings: { brokers: [], clientId: 'test' },
    log: { warn: () => {} },
    group: 'group',
    topics: ['events'],
    eachBatch: async () => {},
    commits,
    onJoin: () => {},
    closing: closing.signal,
  })
  const send = vi.fn<() => Promise<void>>(async () => {})
  const handle = () => commits.add({ topic: 'events', partition: 0, offset: '8', send })
  return { consumer, closing, ended, send, handle }
}

test('a member that is closed commits before it leaves', async () => {
  const { consumer, closing, ended, send, handle } = startMember()
  await handle()
  closing.abort()
  expect(await ended).toEqual({ outcome: 'closed' })
  expect(send).toHaveBeenCalledBefore(consumer.disconnect)
})

test('a member that crashed does not connect again to commit', async () => {
  const { consumer, ended, send, handle } = startMember()
  await handle()
  const error = new Error('crash')
  consumer.crash(error)
  expect(await ended).toEqual({ outcome: 'dead', error })
  expect(consumer.disconnect).toHaveBeenCalled()
  expect(send).not.toHaveBeenCalled()
})

test('a member without a broker gives up its commit after a second', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const { consumer, closing, ended, send, handle } = startMember()
    send.mockReturnValue(Promise.withResolvers<void>().promise)
    await handle()
    closing.abort()
    await vi.advanceTimersByTimeAsync(999)
    expect(send).toHaveBeenCalledTimes(1)
    expect(consumer.disconnect).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(await ended).toEqual({ outcome: 'closed' })
    expect(consumer.disconnect).toHaveBeenCalled()
  } finally {
    vi.useRealTimers()
  }
})
