import { expect, test } from 'vitest'
import { findNamingBreaches } from './find-naming-breaches.ts'
import { readSources } from './read-sources.ts'

test.each([
  ['packages/a/src/create-clock.ts', 'export function createClock() {}', []],
  ['packages/a/src/clock.ts', 'export function createClock() {}', ['create-clock.ts']],
  ['packages/a/src/clock.ts', 'export type Clock = 1\nexport function createClock() {}', []],
  ['packages/a/src/clock.ts', 'export type Time = number', ['time.ts']],
  ['packages/a/src/max-age-ms.ts', 'export const MAX_AGE_MS = 5', []],
  ['packages/a/src/clock.ts', 'export const a = 1\nexport const b = 2', []],
  ['packages/a/src/main.ts', 'export const a = 1', []],
  ['services/a/src/use-cases/rotate.ts', 'export const createRotate = () => 1', []],
  ['services/a/src/use-cases/turn.ts', 'export const createRotate = () => 1', ['rotate.ts']],
])('%s with %s', (path, text, names) => {
  expect(findNamingBreaches(new Map([[path, text]]))).toEqual(
    names.map((name) => expect.stringContaining(`name it ${name}`)),
  )
})

test('every file is named for its main export', () => {
  const sources = readSources([
    'services',
    'packages',
    'examples',
    'e2e',
    'tools',
    'bench',
    'grafana',
    'monitoring',
  ])
  expect(sources.size).toBeGreaterThan(400)
  expect(findNamingBreaches(sources)).toEqual([])
})
