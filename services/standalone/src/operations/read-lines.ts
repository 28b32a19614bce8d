import type { FileLine } from '@auto-refresh/auth-api'

const LONGEST_BYTES = 16_384
const LINE_FEED = 10

/**
 * Reads the lines of a file one by one, with their numbers from 1. Skips blank lines. A line that is
 * too long or not UTF-8 is a fault; no more of it than 16 KiB is kept in memory.
 */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<FileLine> {
  let number = 1
  let parts: Buffer[] = []
  let size = 0
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      keep(chunk.subarray(from, end))
      yield* take()
      from = end + 1
    }
    keep(chunk.subarray(from))
  }
  yield* take()

  function keep(part: Buffer): void {
    size += part.length
    if (size <= LONGEST_BYTES) parts.push(part)
  }

  function* take(): Generator<FileLine> {
    const line = toLine(number, parts, size)
    number += 1
    parts = []
    size = 0
    if (!('text' in line) || line.text.trim() !== '') yield line
  }
}

function toLine(number: number, parts: readonly Buffer[], size: number): FileLine {
  if (size > LONGEST_BYTES) return { number, fault: 'It is longer than 16 KiB' }
  try {
    return { number, text: new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts)) }
  } catch {
    return { number, fault: 'It is not UTF-8' }
  }
}
