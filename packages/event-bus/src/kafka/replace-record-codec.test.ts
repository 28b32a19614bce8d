import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { openKafka } from '../open-kafka.ts'
import { encodeEvent } from './encode-event.ts'
import { createRotated } from '../testing/session-events.ts'

const load = createRequire(import.meta.url)
const Encoder = load('kafkajs/src/protocol/encoder') as { prototype: { writeVarLong: unknown } }
const produce = load('kafkajs/src/protocol/requests/produce/v7/request') as (options: object) => {
  encode(): Promise<{ buffer: Buffer }>
}

test('kafkajs encodes a produce request with the replacement', async () => {
  openKafka({ brokers: ['k:9092'], clientId: 'test' }, { warn: () => {} })
  const { writeVarLong } = Encoder.prototype
  Encoder.prototype.writeVarLong = () => expect.unreachable('only records have a varlong')
  const event = encodeEvent(createRotated('0198c6f0-0000-7000-8000-00000000000a', 3))
  const topicData = [{ topic: 't', partitions: [{ partition: 0, messages: [event] }] }]
  const { buffer } = await produce({ acks: -1, timeout: 1, topicData }).encode()
  Encoder.prototype.writeVarLong = writeVarLong
  expect(buffer.includes(event.value)).toBe(true)
})
