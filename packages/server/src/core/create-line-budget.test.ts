import { expect, test } from 'vitest'
import { createLineBudget } from './create-line-budget.ts'

test('ten lines a second are written, and the next one tells how many were not', () => {
  let ms = 5000
  const ask = createLineBudget({ nowMs: () => ms })
  const asked = () => Array.from({ length: 25 }, ask)
  const allowed = Array.from({ length: 9 }, () => 0)
  const refused = Array.from({ length: 15 }, () => undefined)
  expect(asked()).toEqual([0, ...allowed, ...refused])
  ms += 999
  expect(ask()).toBeUndefined()
  ms += 1
  expect(asked()).toEqual([16, ...allowed, ...refused])
})
