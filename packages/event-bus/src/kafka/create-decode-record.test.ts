import { createRequire } from 'node:module'
import { expect, test, vi } from 'vitest'
import { createRotated } from '../testing/session-events.ts'
import { createDecodeRecord, type DecodeRecord } from './create-decode-record.ts'
import { encodeEvent } from './encode-event.ts'
import type { Encoded, KafkaRecord } from './create-encode-record.ts'

const load = createRequire(import.meta.url)
const encode = load('kafkajs/src/protocol/recordBatch/record/v0') as (
  record: KafkaRecord,
) => Encoded
const decodeOfKafkaJs = load('kafkajs/src/protocol/recordBatch/record/v0/decoder') as DecodeRecord
const Decoder = load('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => {
  buffer: Buffer
  readVarIntBytes(): Buffer
}
/** Without its length, as kafkajs passes it. */
const toBytes = (record: KafkaRecord) => new Decoder(encode(record).buffer).readVarIntBytes()

const decodeOther = vi.fn<DecodeRecord>(decodeOfKafkaJs)
const decodeRecord = createDecodeRecord(decodeOther)

const event = encodeEvent(createRotated('0198c6f0-0000-7000-8000-00000000000a', 3))
const context = {
  firstOffset: '4294967296',
  firstTimestamp: '1796052411463',
  maxTimestamp: '1796052411999',
  magicByte: 2,
  timestampType: 0,
  isControlBatch: false,
}

test.each<[string, KafkaRecord]>([
  ['an event', event],
  ['a later event of its batch', { ...event, offsetDelta: 499, timestampDelta: 500 }],
  ['an event that is older than the first', { ...event, timestampDelta: -90_000_000_000 }],
  ['a large value', { ...event, value: Buffer.alloc(70_000, 'x') }],
  ['text outside of ASCII', { key: 'Tëst', value: '{"a":"日本"}', headers: { ä: 'ö' } }],
  ['no key, no value and no headers', { key: null, value: null }],
  ['an empty key, value and header', { key: '', value: '', headers: { empty: '' } }],
  ['several values of a header', { ...event, headers: { a: ['1', '2', '3'], b: '4' } }],
])('%s is decoded as kafkajs decodes it', (_, record) => {
  const bytes = toBytes(record)
  expect(decodeRecord(new Decoder(bytes), context)).toEqual(
    decodeOfKafkaJs(new Decoder(bytes), context),
  )
  expect(decodeOther).not.toHaveBeenCalled()
})

test.each([
  ['the time of the broker', { ...context, timestampType: 1 }],
  ['an offset beyond the safe integers', { ...context, firstOffset: '9007199254740993' }],
])('a record with %s is left to kafkajs', (_, other) => {
  const bytes = toBytes(event)
  expect(decodeRecord(new Decoder(bytes), other)).toEqual(
    decodeOfKafkaJs(new Decoder(bytes), other),
  )
  expect(decodeOther).toHaveBeenCalledOnce()
  decodeOther.mockClear()
})
