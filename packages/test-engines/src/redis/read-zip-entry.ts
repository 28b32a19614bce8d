import { inflateRawSync } from 'node:zlib'

const END_OF_DIRECTORY = 0x06054b50
const END_BYTES = 22
const DEFLATED = 8

/**
 * One file of a zip archive (a jar is one), found by the directory at its end. Throws where it is
 * not there.
 */
export function readZipEntry(zip: Buffer, name: string): Buffer {
  let end = zip.length - END_BYTES
  while (end >= 0 && zip.readUInt32LE(end) !== END_OF_DIRECTORY) end -= 1
  if (end < 0) throw new Error('This is not a zip archive')
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const nameBytes = zip.readUInt16LE(at + 28)
    if (zip.toString('utf8', at + 46, at + 46 + nameBytes) === name) {
      return readContent(zip, {
        start: zip.readUInt32LE(at + 42),
        bytes: zip.readUInt32LE(at + 20),
        method: zip.readUInt16LE(at + 10),
      })
    }
    at += 46 + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
  throw new Error(`The archive has no ${name}`)
}

/** The local header repeats name and extra field, with lengths of its own. */
function readContent(
  zip: Buffer,
  { start, bytes, method }: { start: number; bytes: number; method: number },
): Buffer {
  const from = start + 30 + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28)
  const content = zip.subarray(from, from + bytes)
  return method === DEFLATED ? inflateRawSync(content) : content
}
