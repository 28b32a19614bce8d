import { expect, test } from 'vitest'
import { replaceSection } from './replace-section.ts'
import { toPlot } from './to-plot.ts'
import { toTables, type Sample } from './to-tables.ts'

const measured = {
  rotations: 9000,
  p50Ms: 10,
  p99Ms: 30,
  ownMicros: 400,
  postgresMicros: 100,
  generatorMicros: 40,
  generatorPercent: 7.4,
  commits: 0.5,
  fsyncs: 0.25,
  walBytes: 2000.4,
  httpBytes: 1800,
}
const sample = (name: string, round: number, perSecond: number): Sample => ({
  ...measured,
  clients: 64,
  name,
  round,
  perSecond,
})
const samples = [
  ...[1000, 2000, 1000].map((rate, round) => sample('peer', round, rate)),
  ...[3000, 4000, 3500].map((rate, round) => sample('one process', round, rate)),
]

test('ratios come first, and compare only rates of the same round', () => {
  const { comparison, costs } = toTables(samples, [
    { title: 'to the peer', key: 'perSecond', name: 'peer' },
  ])
  expect(comparison.split('\n')).toEqual([
    '| clients | what | to the peer | rotations/s | p50 / p99 ms | CPU us: own + Postgres | generator |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    '| 64 | peer | 1 | 1000 | 10.0 / 30.0 | 400 + 100 | 40 (7 %) |',
    '| 64 | one process | 3.00 [2.00-3.50] | 3500 | 10.0 / 30.0 | 400 + 100 | 40 (7 %) |',
  ])
  expect(costs.split('\n').at(-1)).toBe('| 64 | one process | 0.50 | 0.25 | 2000 | 1800 |')
})

test('the plot has a bar with its ratio for our target, and a latency for every target', () => {
  const plot = toPlot(samples, '2026-11-30')
  expect(plot).toContain('>3.0</text>')
  expect(plot.match(/rx="2" fill="#0a84c6"/g)).toHaveLength(3)
  expect(plot.match(/rx="2" fill="#d98200"/g)).toHaveLength(2)
  expect(plot).toContain('prefers-color-scheme: dark')
  expect(plot).not.toMatch(/NaN|Infinity|undefined/)
})

test('a section is replaced between its markers, and the rest stays', () => {
  const page = 'a\n<!-- bench:start -->\nold\n<!-- bench:end -->\nb\n'
  const replaced = 'a\n<!-- bench:start -->\n\nnew\n\n<!-- bench:end -->\nb\n'
  expect(replaceSection(page, 'bench', 'new\n')).toBe(replaced)
  expect(replaceSection(replaced, 'bench', 'new')).toBe(replaced)
})

test('a missing marker is named', () => {
  expect(() => replaceSection('<!-- bench:start -->', 'bench', '')).toThrow('<!-- bench:end -->')
  expect(() => replaceSection('', 'bench', '')).toThrow('<!-- bench:start -->')
})
