import { createRequire } from 'node:module'
import { expect, test, vi } from 'vitest'
import { createRotated } from '../testing/session-events.ts'
import { encodeEvent } from './encode-event.ts'
import { createEncodeRecord, type Encoded, type KafkaRecord } from './create-encode-record.ts'

const encodeOfKafkaJs = createRequire(import.meta.url)(
  'kafkajs/src/protocol/recordBatch/record/v0',
) as (record: KafkaRecord) => Encoded
const encodeOther = vi.fn<typeof encodeOfKafkaJs>(encodeOfKafkaJs)
const encodeRecord = createEncodeRecord(encodeOther)

const event = encodeEvent(createRotated('0198c6f0-0000-7000-8000-00000000000a', 3))

test.each<[string, KafkaRecord]>([
  ['an event', event],
  ['an event that is not the first of its batch', { ...event, offsetDelta: 499 }],
  ['a large value', { ...event, value: Buffer.alloc(70_000, 'x') }],
  [
    'text outside of ASCII',
    { key: 'Tëst', value: '{"a":"日本"}', headers: { ä: 'ö', raw: Buffer.from('ü') } },
  ],
  ['no key, no value and no headers', { key: null, value: null }],
  ['an empty key, value and header', { key: '', value: Buffer.alloc(0), headers: { empty: '' } }],
])('%s is encoded as kafkajs encodes it', (_, record) => {
  expect(encodeRecord(record).buffer).toEqual(encodeOfKafkaJs(record).buffer)
  expect(encodeOther).not.toHaveBeenCalled()
})

test.each<[string, KafkaRecord]>([
  ['a timestamp', { ...event, timestampDelta: 1234 }],
  ['several values of a header', { ...event, headers: { several: ['a', 'b'] } }],
])('a record with %s is left to kafkajs', (_, record) => {
  expect(encodeRecord(record).buffer).toEqual(encodeOfKafkaJs(record).buffer)
  expect(encodeOther).toHaveBeenCalledWith(record)
})
