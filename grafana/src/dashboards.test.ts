import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readRules } from '@auto-refresh/monitoring'
import { createMetrics, describeInstruments } from '@auto-refresh/service-kit/telemetry'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { DASHBOARDS, toJson } from './dashboards.ts'
import { readQuery } from './read-query.ts'

type Panel = {
  type: string
  title: string
  description: string
  datasource?: { uid: string }
  fieldConfig?: { defaults: { unit?: string } }
  targets?: { expr: string; legendFormat: string; datasource: { uid: string } }[]
}
type Committed = {
  uid: string
  editable: boolean
  panels: Panel[]
  annotations: { list: { expr: string; datasource: { uid: string } }[] }
}

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const boards = Object.entries(DASHBOARDS).map(([name, dashboard]) => ({
  name,
  dashboard,
  board: JSON.parse(toJson(dashboard)) as Committed,
}))
const rules = readRules()
const ownOf = (expr: string) =>
  readQuery(expr).metrics.map((name) => name.replace(/_(bucket|sum|count)$/, ''))
const queriesOf = ({ panels, annotations }: Committed) => [
  ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...annotations.list.map(({ expr }) => expr),
]

const instruments = describeInstruments().map(({ name }) => name)
/** Metrics that Prometheus itself exports. */
const BUILT_IN = ['up', 'ALERTS']

describe.each(boards)('$name', ({ name, dashboard, board }) => {
  const panels = board.panels.filter(({ type }) => type !== 'row')

  test('the committed JSON is the generated one (npm run dashboards -w grafana)', () => {
    expect(read(`dashboards/${name}.json`)).toBe(toJson(dashboard))
  })

  test('it has a fixed uid and is read-only in Grafana', () => {
    expect([board.uid, board.editable]).toEqual([`auto-refresh-${name}`, false])
  })

  test('every panel has a unique title, a description and a unit', () => {
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length)
    expect(
      panels
        .filter(({ description }) => !/^\S.{10,}\.$/.test(description))
        .map(({ title }) => title),
    ).toEqual([])
    expect(
      panels
        .filter(({ type, fieldConfig }) => type !== 'text' && !fieldConfig?.defaults.unit)
        .map(({ title }) => title),
    ).toEqual([])
  })

  test('every query is PromQL for the selected Prometheus', () => {
    const queries = queriesOf(board)
    expect(queries.filter((expr) => !readQuery(expr).isValid)).toEqual([])
    const sources = panels.flatMap(({ datasource, targets = [] }) =>
      targets.map((target) => [datasource?.uid, target.datasource.uid]),
    )
    expect(new Set(sources.flat())).toEqual(new Set(['${datasource}']))
  })

  test('a counter is shown as a rate over the interval that Grafana chooses', () => {
    for (const { targets = [] } of panels) {
      for (const { expr } of targets) {
        const { ranges, bareCounters } = readQuery(expr)
        expect([
          expr,
          bareCounters,
          ranges.filter((range) => !['[$__rate_interval]', '[$__range]'].includes(range)),
        ]).toEqual([expr, [], []])
      }
    }
  })

  test('every query uses exported metrics only', async () => {
    const { text } = await createMetrics({ service: 'all', version: '0' }).scrape()
    const exported = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, metric = '']) => metric)
    const recorded = rules.flatMap(({ record = [] }) => record)
    const known = new Set([...instruments, ...exported, ...recorded, ...BUILT_IN])
    expect(
      queriesOf(board)
        .flatMap(ownOf)
        .filter((metric) => !known.has(metric)),
    ).toEqual([])
  })
})

test('every metric of the product is on a dashboard', () => {
  const shown = new Set(
    [
      ...boards.flatMap(({ board }) => queriesOf(board)),
      ...rules.flatMap(({ record, expr }) => (record === undefined ? [] : [expr])),
    ].flatMap(ownOf),
  )
  expect(instruments.filter((name) => !shown.has(name))).toEqual([])
})

test('no other dashboard is committed', () => {
  expect(readdirSync(join(root, 'dashboards')).toSorted()).toEqual(
    Object.keys(DASHBOARDS)
      .map((name) => `${name}.json`)
      .toSorted(),
  )
})

test('the data sources have the uids that dashboards and exemplars use', () => {
  const { datasources } = parse(read('provisioning/datasources/datasources.yml')) as {
    datasources: { uid: string; jsonData: { exemplarTraceIdDestinations?: unknown } }[]
  }
  expect(datasources.map(({ uid }) => uid)).toEqual(['prometheus', 'tempo'])
  expect(datasources[0]?.jsonData.exemplarTraceIdDestinations).toEqual([
    { name: 'trace_id', datasourceUid: 'tempo' },
  ])
})

test.each([
  [
    'sum(rate(a_total{b="c"}[$__rate_interval]))',
    { isValid: true, metrics: ['a_total'], ranges: ['[$__rate_interval]'], bareCounters: [] },
  ],
  [
    'sum(a_total) / increase(b_total[5m])',
    { isValid: true, metrics: ['a_total', 'b_total'], ranges: ['[5m]'], bareCounters: ['a_total'] },
  ],
  [
    'sum(rate(a_total[5m])',
    { isValid: false, metrics: ['a_total'], ranges: ['[5m]'], bareCounters: [] },
  ],
  [
    'avg_over_time(auth:x:rate5m[$__range])',
    { isValid: true, metrics: ['auth:x:rate5m'], ranges: [], bareCounters: [] },
  ],
])('%s is read', (expr, expected) => {
  expect(readQuery(expr)).toEqual(expected)
})
