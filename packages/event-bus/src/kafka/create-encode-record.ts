type Bytes = Buffer | string | null | undefined
/** A message as kafkajs 2.2.4 passes it to its record encoder. */
export type KafkaRecord = Readonly<{
  offsetDelta?: number
  timestampDelta?: unknown
  key?: Bytes
  value: Bytes
  headers?: Readonly<Record<string, unknown>>
}>
/** The used part of kafkajs's `Encoder`. */
export type Encoded = Readonly<{ buf: Buffer; buffer: Buffer }>

/**
 * Returns an encoder of Kafka records, format v2, with the same result as the one of kafkajs, which
 * allocates and clears 512 bytes for the record and for each header. `encodeOther` encodes what our
 * events never have: a timestamp, and headers without a value or with several.
 */
export function createEncodeRecord(
  encodeOther: (record: KafkaRecord) => Encoded,
): (record: KafkaRecord) => Encoded {
  return (record) => {
    const { offsetDelta = 0, timestampDelta = 0, key, value, headers = {} } = record
    const names = Object.keys(headers)
    const contents = Object.values(headers)
    if (timestampDelta !== 0 || !contents.every(isBytes)) return encodeOther(record)

    // attributes and timestamp are one byte each
    let size = 2 + varIntSize(offsetDelta) + sizeOf(key) + sizeOf(value) + varIntSize(names.length)
    for (let i = 0; i < names.length; i += 1) size += sizeOf(names[i]) + sizeOf(contents[i])

    const buffer = Buffer.allocUnsafe(varIntSize(size) + size)
    let at = writeVarInt(buffer, 0, size)
    buffer[at] = 0
    buffer[at + 1] = 0
    at = writeVarInt(buffer, at + 2, offsetDelta)
    at = write(buffer, at, key)
    at = write(buffer, at, value)
    at = writeVarInt(buffer, at, names.length)
    for (let i = 0; i < names.length; i += 1) {
      at = write(buffer, at, names[i])
      at = write(buffer, at, contents[i])
    }
    return { buf: buffer, buffer }
  }
}

const isBytes = (content: unknown): content is Buffer | string =>
  typeof content === 'string' || Buffer.isBuffer(content)
const lengthOf = (content: Buffer | string) =>
  typeof content === 'string' ? Buffer.byteLength(content) : content.length
const zigZag = (value: number) => ((value << 1) ^ (value >> 31)) >>> 0

function varIntSize(value: number): number {
  let size = 1
  for (let rest = zigZag(value); rest > 127; rest >>>= 7) size += 1
  return size
}

function writeVarInt(buffer: Buffer, at: number, value: number): number {
  let rest = zigZag(value)
  for (; rest > 127; rest >>>= 7) buffer[at++] = (rest & 127) | 128
  buffer[at] = rest
  return at + 1
}

/** The length, then the bytes; -1 for nothing. */
function sizeOf(content: Bytes): number {
  if (content === null || content === undefined) return 1
  const length = lengthOf(content)
  return varIntSize(length) + length
}

function write(buffer: Buffer, at: number, content: Bytes): number {
  if (content === null || content === undefined) return writeVarInt(buffer, at, -1)
  const start = writeVarInt(buffer, at, lengthOf(content))
  return typeof content === 'string'
    ? start + buffer.write(content, start)
    : start + content.copy(buffer, start)
}
