import { EVENTS, type EventOf } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import { isPlainRotation } from './is-plain-rotation.ts'

const rotated: EventOf<'session.rotated.v1'> = {
  id: 'a',
  type: 'session.rotated.v1',
  source: 'token-store',
  time: '2026-11-23T12:00:00.000Z',
  subject: 's',
  key: 's',
  data: {
    session_id: 's',
    session_seq: 4,
    user_id: 'u',
    client_id: 'c',
    generation: 3,
    network: 'n',
    agent: '',
    idle_until: '2026-11-30T12:00:00.000Z',
    interval_seconds: 0,
  },
}

test('a rotation as token-store writes it fits the columns', () => {
  expect(isPlainRotation(rotated)).toBe(true)
})

test('every field of the schema has a column: a new field needs one', () => {
  expect(Object.keys(rotated.data).toSorted()).toEqual(
    Object.keys(EVENTS['session.rotated.v1'].properties).toSorted(),
  )
})

test.each([
  ['a field that is not known yet', { data: { ...rotated.data, place: 'home' } }],
  ['another field in place of one', { data: { ...rotated.data, agent: undefined, place: 'home' } }],
  ['another key', { key: 'k' }],
  ['a time of another format', { time: '2026-11-23T13:00:00.000001+01:00' }],
  [
    'a deadline of another format',
    { data: { ...rotated.data, idle_until: '2026-11-30T12:00:00Z' } },
  ],
  ['a number that Postgres cannot hold', { data: { ...rotated.data, generation: 1e21 } }],
  ['another type', { type: 'session.expired.v1' }],
])('an event with %s is kept with its whole data', (_, change) => {
  expect(isPlainRotation({ ...rotated, ...change } as typeof rotated)).toBe(false)
})
