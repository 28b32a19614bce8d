import { expect, test } from 'vitest'
import { createQuietLog } from './create-quiet-log.ts'

test('a warning is written once in 10 s, with the number withheld; other warnings are written at once', () => {
  const said: unknown[] = []
  let nowMs = 0
  const log = createQuietLog(
    { warn: (fields, message) => said.push([message, fields]) },
    () => nowMs,
  )
  for (nowMs = 0; nowMs < 10_000; nowMs += 1000) log.warn({ at: nowMs }, 'no broker')
  log.warn({}, 'something else')
  log.warn({ at: nowMs }, 'no broker')
  expect(said).toEqual([
    ['no broker', { at: 0 }],
    ['something else', {}],
    ['no broker', { at: 10_000, withheld: 9 }],
  ])
})

test('its memory is bounded', () => {
  const said: string[] = []
  const log = createQuietLog({ warn: (_, message) => said.push(message) }, () => 0)
  for (let n = 0; n <= 100; n += 1) log.warn({}, `message ${n}`)
  log.warn({}, 'message 0')
  expect(said.length).toBe(102)
})
