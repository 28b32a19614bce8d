import type { FileLine } from '@auto-refresh/auth-api'
import { expect, test } from 'vitest'
import { readLines } from './read-lines.ts'

async function read(...chunks: (string | Buffer)[]) {
  async function* stream() {
    for (const chunk of chunks) yield Buffer.from(chunk)
  }
  const lines: FileLine[] = []
  for await (const line of readLines(stream())) lines.push(line)
  return lines
}

test('lines keep their numbers, over the bounds of chunks and past blank lines', async () => {
  expect(await read('\uFEFF{"a":1}\n\n{"b', '":2}\r\n', '  \n{"c":3}')).toEqual([
    { number: 1, text: '{"a":1}' },
    { number: 3, text: '{"b":2}\r' },
    { number: 5, text: '{"c":3}' },
  ])
  expect(await read('')).toEqual([])
})

test('a character may lie in two chunks', async () => {
  const bytes = Buffer.from('é\n')
  expect(await read(bytes.subarray(0, 1), bytes.subarray(1))).toEqual([{ number: 1, text: 'é' }])
})

test('a long line and bytes that are no text are faults, and the next line is read', async () => {
  const long = 'x'.repeat(10_000)
  expect(await read(long, long, '\n', Buffer.from([0xff, 10]), 'next')).toEqual([
    { number: 1, fault: 'It is longer than 16 KiB' },
    { number: 2, fault: 'It is not UTF-8' },
    { number: 3, text: 'next' },
  ])
})
