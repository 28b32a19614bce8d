import { createDecodeRecord, type DecodeRecord } from './create-decode-record.ts'
import { createEncodeRecord, type Encoded, type KafkaRecord } from './create-encode-record.ts'

const ENCODER = 'kafkajs/src/protocol/recordBatch/record/v0'
const DECODER = `${ENCODER}/decoder`

/**
 * Replaces the encoder and decoder of records in kafkajs 2.2.4, which loads them with the first
 * produce request and the first fetch. They took a tenth of the CPU of token-store and a twentieth
 * of that of a consumer.
 */
export function replaceRecordCodec(load: NodeJS.Require): void {
  const encoder = load.resolve(ENCODER)
  const encode = createEncodeRecord(load(encoder) as (record: KafkaRecord) => Encoded)
  const decoder = load.resolve(DECODER)
  const decode = createDecodeRecord(load(decoder) as DecodeRecord)
  for (const [path, codec] of [
    [encoder, encode],
    [decoder, decode],
  ] as const) {
    const module = load.cache[path]
    if (module !== undefined) module.exports = codec
  }
}
