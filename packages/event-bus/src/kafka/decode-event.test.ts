import { expect, test } from 'vitest'
import { createRotated } from '../testing/session-events.ts'
import { decodeEvent } from './decode-event.ts'
import { encodeEvent } from './encode-event.ts'

const event = createRotated('0198c6f0-0000-7000-8000-00000000000a', 3)
const { key, value, headers } = encodeEvent(event)
/** As received from a broker: bytes. */
const received = {
  key: Buffer.from(key),
  value,
  headers: Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, text]) => [name, Buffer.from(String(text))]),
  ),
}
const withHeader = (name: string, content: string | undefined) => ({
  ...received,
  headers: {
    ...received.headers,
    [name]: content === undefined ? undefined : Buffer.from(content),
  },
})
const withBody = (body: string | Buffer) => ({ ...received, value: Buffer.from(body) })

test('an encoded event is decoded to the same event', () => {
  expect(decodeEvent(received)).toEqual({ outcome: 'decoded', event })
})

test('an event without a trace is decoded without a trace', () => {
  const { traceparent: _, ...untraced } = event
  const { traceparent: hop, ce_traceparent: origin, ...rest } = received.headers
  expect([hop, origin]).not.toContain(undefined)
  expect(Object.keys(encodeEvent(untraced).headers ?? {})).toEqual(Object.keys(rest))
  expect(decodeEvent({ ...received, headers: rest })).toEqual({
    outcome: 'decoded',
    event: untraced,
  })
})

test('unknown fields of newer producers are accepted', () => {
  const decoded = decodeEvent(withBody(JSON.stringify({ ...event.data, colour: 'blue' })))
  expect(decoded).toMatchObject({ outcome: 'decoded', event: { data: { colour: 'blue' } } })
})

test.each([
  ['no headers', { ...received, headers: {} }, 'the headers do not fit the schema'],
  ['headers left out', { key: received.key, value }, 'the headers do not fit the schema'],
  [
    'another version of CloudEvents',
    withHeader('ce_specversion', '0.3'),
    'the headers do not fit the schema at #/properties/ce_specversion',
  ],
  ['no id', withHeader('ce_id', undefined), 'the headers do not fit the schema'],
  [
    'an empty subject',
    withHeader('ce_subject', ''),
    'the headers do not fit the schema at #/properties/ce_subject',
  ],
  [
    'an unknown type',
    withHeader('ce_type', 'session.vanished.v1'),
    'the headers do not fit the schema at #/properties/ce_type',
  ],
  [
    'an invalid time',
    withHeader('ce_time', 'yesterday'),
    'the headers do not fit the schema at #/properties/ce_time',
  ],
  [
    'another content type',
    withHeader('content-type', 'application/cloudevents+json'),
    'the headers do not fit the schema at #/properties/content-type',
  ],
  [
    'a header twice',
    { ...received, headers: { ...received.headers, ce_id: [Buffer.from('a'), Buffer.from('b')] } },
    'the headers do not fit the schema at #/properties/ce_id',
  ],
  ['no key', { ...received, key: null }, 'the key is missing'],
  ['no body', { ...received, value: null }, 'the body is not JSON'],
  ['half a body', withBody('{"session_id"'), 'the body is not JSON'],
  ['bytes that are not UTF-8', withBody(Buffer.from([0x22, 0xff, 0x22])), 'the body is not JSON'],
  ['a field missing', withBody('{}'), 'the body does not fit the schema'],
  [
    'a field of another type',
    withBody(JSON.stringify({ ...event.data, generation: 'secret' })),
    'the body does not fit the schema at #/properties/generation',
  ],
  [
    'an invalid id',
    withBody(JSON.stringify({ ...event.data, user_id: 'secret' })),
    'the body does not fit the schema at #/properties/user_id',
  ],
])('with %s it is undecodable, and the reason repeats nothing of it', (_name, message, reason) => {
  const decoded = decodeEvent(message)
  expect(decoded).toEqual({ outcome: 'undecodable', reason: expect.stringContaining(reason) })
  expect(JSON.stringify(decoded)).not.toMatch(/secret|yesterday|vanished/)
})
