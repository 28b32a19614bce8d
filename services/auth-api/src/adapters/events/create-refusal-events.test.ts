import { EVENTS, LOGIN_EVENTS_TOPIC, type AnyEvent } from '@auto-refresh/contracts'
import { Value } from 'typebox/value'
import { expect, test } from 'vitest'
import { aLog, fakeMetrics, clock, context, SESSION_ID } from '../../testing/fakes.ts'
import { createRefusalEvents } from './create-refusal-events.ts'

test('a refusal is published with its network and known session, never with its address', async () => {
  const published: [string, readonly AnyEvent[]][] = []
  const publisher = {
    publish: async (topic: string, events: readonly AnyEvent[]) =>
      void published.push([topic, events]),
  }
  const events = createRefusalEvents({
    publisher,
    metrics: fakeMetrics(),
    clock,
    createId: () => 'e',
    log: aLog(),
  })
  events.publish({ code: 'refresh_token_revoked', sessionId: SESSION_ID, context })
  events.publish({ code: 'refresh_token_invalid', sessionId: undefined, context })
  await events.flush()
  const sent = published.flatMap(([, batch]) => batch)
  expect(new Set(published.map(([topic]) => topic))).toEqual(new Set([LOGIN_EVENTS_TOPIC]))
  expect(sent.map(({ type, key, data }) => [type, key, data])).toEqual([
    [
      'refresh.refused.v1',
      SESSION_ID,
      {
        code: 'refresh_token_revoked',
        session_id: SESSION_ID,
        network: context.network,
        agent: context.agent,
      },
    ],
    [
      'refresh.refused.v1',
      context.network,
      { code: 'refresh_token_invalid', network: context.network, agent: context.agent },
    ],
  ])
  for (const { type, data } of sent) expect(Value.Check(EVENTS[type], data)).toBe(true)
  expect(JSON.stringify(sent)).not.toContain(context.address)
})
