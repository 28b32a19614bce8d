type Bytes = Buffer | null
type BatchContext = Readonly<{
  firstOffset: string
  firstTimestamp: string
  magicByte?: number
  timestampType?: number
  isControlBatch?: boolean
}>
/** The decoder of one record in kafkajs 2.2.4. */
export type DecodeRecord = (decoder: { buffer: Buffer }, context: BatchContext) => object

const LOG_APPEND_TIME = 1

/**
 * Returns a decoder of Kafka records, format v2, with the same result as the one of kafkajs, which
 * copies all headers for each header. `decodeOther` decodes what exceeds the integers of JavaScript,
 * and records with the time of the broker.
 */
export function createDecodeRecord(decodeOther: DecodeRecord): DecodeRecord {
  return (decoder, context) => {
    const reader = createReader(decoder.buffer)
    const attributes = reader.byte()
    const timestamp = Number(context.firstTimestamp) + reader.varInt()
    const offset = Number(context.firstOffset) + reader.varInt()
    if (
      context.timestampType === LOG_APPEND_TIME ||
      !Number.isSafeInteger(timestamp) ||
      !Number.isSafeInteger(offset)
    )
      return decodeOther(decoder, context)
    return {
      magicByte: context.magicByte,
      attributes,
      timestamp: String(timestamp),
      offset: String(offset),
      key: reader.bytes(),
      value: reader.bytes(),
      headers: readHeaders(reader),
      isControlRecord: context.isControlBatch ?? false,
      batchContext: context,
    }
  }
}

type Reader = ReturnType<typeof createReader>
function createReader(buffer: Buffer) {
  let at = 0

  function varInt(): number {
    let value = 0
    let byte
    // Arithmetic, because bit operations have only 32 bits; a value that is not safe is not used.
    for (let factor = 1; ; factor *= 128) {
      byte = buffer[at++] ?? 0
      value += (byte & 127) * factor
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
  }

  return {
    byte: () => buffer.readInt8(at++),
    varInt,
    bytes(): Bytes {
      const length = varInt()
      return length < 0 ? null : buffer.subarray(at, (at += length))
    },
    text(): string {
      const length = varInt()
      return buffer.toString('utf8', at, (at += length))
    },
  }
}

function readHeaders(reader: Reader): Record<string, Bytes | Bytes[]> {
  const headers: Record<string, Bytes | Bytes[]> = {}
  for (let left = reader.varInt(); left > 0; left -= 1) {
    const name = reader.text()
    const value = reader.bytes()
    const earlier = headers[name]
    headers[name] = earlier === undefined ? value : [earlier, value].flat()
  }
  return headers
}
