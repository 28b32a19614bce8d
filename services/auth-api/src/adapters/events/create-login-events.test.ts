import { EVENTS, LOGIN_EVENTS_TOPIC, type AnyEvent } from '@auto-refresh/contracts'
import type { EventPublisher } from '@auto-refresh/event-bus'
import { Value } from 'typebox/value'
import { expect, test, vi } from 'vitest'
import type { LoginRecord } from '../../ports/login-records.ts'
import { aLog, fakeMetrics, clock, context, SESSION_ID, USER_ID } from '../../testing/fakes.ts'
import { createLoginEvents } from './create-login-events.ts'

const failed: LoginRecord = {
  method: 'password',
  outcome: 'invalid_credentials',
  usernameHash: 'h',
  userId: USER_ID,
  context,
}
const succeeded: LoginRecord = {
  method: 'external',
  actor: 'key:shop',
  outcome: 'succeeded',
  usernameHash: 'h',
  userId: USER_ID,
  sessionId: SESSION_ID,
  context,
}

function setUp() {
  const published: AnyEvent[] = []
  const publish = vi.fn<EventPublisher['publish']>(
    async (_topic, events) => void published.push(...events),
  )
  const metrics = fakeMetrics()
  let id = 0
  const events = createLoginEvents({
    publisher: { publish },
    metrics,
    clock,
    createId: () => `e${id++}`,
    log: aLog(),
    maxWaiting: 3,
    retryMs: 1,
  })
  return { events, publish, published, metrics }
}

test('every login is published in order, with its network and never its address', async () => {
  const { events, publish, published } = setUp()
  events.publish(failed)
  events.publish(succeeded)
  await events.flush()
  expect(publish.mock.calls.every(([topic]) => topic === LOGIN_EVENTS_TOPIC)).toBe(true)
  expect(published.map(({ id, type, key }) => [id, type, key])).toEqual([
    ['e0', 'login.failed.v1', 'h'],
    ['e1', 'login.succeeded.v1', 'h'],
  ])
  for (const { type, data } of published) expect(Value.Check(EVENTS[type], data)).toBe(true)
  expect(published.map(({ data }) => data)).toMatchObject([
    { method: 'password' },
    { method: 'external', actor: 'key:shop' },
  ])
  expect(JSON.stringify(published)).not.toContain(context.address)
})

test('after an outage of the bus the same events are sent again, in order', async () => {
  const { events, publish, published } = setUp()
  publish
    .mockRejectedValueOnce(new Error('unavailable'))
    .mockRejectedValueOnce(new Error('unavailable'))
  events.publish(failed)
  events.publish(succeeded)
  await expect.poll(() => published.map(({ id }) => id)).toEqual(['e0', 'e1'])
})

test('events that do not fit in the queue are dropped and counted, and the login does not wait', async () => {
  const { events, publish, metrics } = setUp()
  publish.mockReturnValue(new Promise(() => {}))
  for (let i = 0; i < 5; i++) events.publish(failed)
  expect(metrics.loginEventsDropped.mock.calls).toEqual([[1], [1]])
})

test('events that cannot be sent at the end are counted as dropped', async () => {
  const { events, publish, metrics } = setUp()
  publish.mockRejectedValue(new Error('unavailable'))
  events.publish(failed)
  await events.flush()
  expect(metrics.loginEventsDropped).toHaveBeenLastCalledWith(1)
})
