import { expect, test } from 'vitest'
import { createLineBudget } from './create-line-budget.ts'

test('ten lines a second are written, and the next line reports how many were dropped', () => {
  let ms = 5000
  const takeLine = createLineBudget({ nowMs: () => ms })
  const takeLines = () => Array.from({ length: 25 }, takeLine)
  const allowed = Array.from({ length: 9 }, () => 0)
  const refused = Array.from({ length: 15 }, () => undefined)
  expect(takeLines()).toEqual([0, ...allowed, ...refused])
  ms += 999
  expect(takeLine()).toBeUndefined()
  ms += 1
  expect(takeLines()).toEqual([16, ...allowed, ...refused])
})
