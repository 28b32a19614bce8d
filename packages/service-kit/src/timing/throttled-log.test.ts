import { expect, test } from 'vitest'
import { throttledLog } from './throttled-log.ts'

test('one line is written per period, and the next one has the number of omitted lines', () => {
  let ms = 5000
  const written: unknown[] = []
  const log = throttledLog({
    everyMs: 1000,
    write: (omitted, word: string) => written.push([omitted, word]),
    nowMs: () => ms,
  })
  log('first')
  for (; ms < 5999; ms += 111) log('between')
  log('last of the first period')
  ms = 6000
  log('second')
  ms = 60_000
  log('third')
  expect(written).toEqual([
    [0, 'first'],
    [10, 'second'],
    [0, 'third'],
  ])
})

test('up to `lines` lines are written per period', () => {
  let ms = 5000
  const written: number[] = []
  const log = throttledLog({
    lines: 10,
    everyMs: 1000,
    write: (omitted) => written.push(omitted),
    nowMs: () => ms,
  })
  const ask = () => {
    for (let n = 0; n < 25; n += 1) log()
  }
  const nine = Array.from({ length: 9 }, () => 0)
  ask()
  ms += 999
  log()
  expect(written).toEqual([0, ...nine])
  ms += 1
  ask()
  expect(written).toEqual([0, ...nine, 16, ...nine])
})
