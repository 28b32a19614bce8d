import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addToWindow, entriesToKeep, type Entry, type Window } from './window.ts'

const THRESHOLD = { points: 5, seconds: 60 }
const fill = (entries: readonly Entry[], threshold = THRESHOLD) =>
  entries.reduce<Window>((window, entry) => addToWindow(window, entry, threshold).window, [])

/** At most 40 entries, so that only time bounds the window. */
const anyEntries = fc.uniqueArray(
  fc.record({
    member: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
    atMs: fc.integer({ min: 0, max: 300_000 }),
  }),
  { maxLength: 40, selector: ({ atMs }) => atMs },
)

test('in any order and with repeats, the window has each member once, by its newest time, and nothing older than its length', () => {
  fc.assert(
    fc.property(anyEntries, fc.infiniteStream(fc.nat()), (entries, chance) => {
      const delivered = [...entries, ...entries]
        .map((entry) => ({ entry, at: chance.next().value }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ entry }) => entry)
      const newest = new Map<string, number>()
      for (const { member, atMs } of entries)
        newest.set(member, Math.max(atMs, newest.get(member) ?? 0))
      const end = Math.max(...newest.values())
      const expected = [...newest]
        .map(([member, atMs]) => ({ member, atMs }))
        .filter(({ atMs }) => atMs > end - 60_000)
        .toSorted((a, b) => a.atMs - b.atMs)
      expect(fill(delivered)).toEqual(expected)
    }),
  )
})

test('a repeated entry is never new', () => {
  fc.assert(
    fc.property(anyEntries, (entries) => {
      const window = fill(entries)
      for (const entry of entries)
        expect(addToWindow(window, entry, THRESHOLD)).toEqual({ window, isNew: false })
    }),
  )
})

test('a window keeps no more than it needs, the newest', () => {
  const entries = Array.from({ length: 500 }, (_, i) => ({ member: String(i), atMs: i }))
  const threshold = { points: 70, seconds: 60 }
  expect(fill(entries, threshold).map(({ atMs }) => atMs)).toEqual(
    Array.from({ length: entriesToKeep(threshold) }, (_, i) => 430 + i),
  )
})
