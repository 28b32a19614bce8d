import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ALERT_CASES, type AlertCase } from './alert-cases.ts'
import { readAlerts, RULE_FILES } from './read-rules.ts'

const run = promisify(execFile)
const folder = join(import.meta.dirname, '..')
const alertmanager = join(folder, 'alertmanager/alertmanager.yml')

let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'auto-refresh-rules-'))
})
afterAll(() => rm(scratch, { recursive: true }))

/**
 * Converts a case into a unit test of promtool. It queries the series ALERTS, because comparing
 * alerts would repeat every annotation.
 */
const toUnitTest = ({ alert, window, interval, series, firing }: AlertCase) => {
  const ofWindow = window === undefined ? '' : `, window="${window}"`
  return {
    interval,
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: Object.entries(firing).map(([eval_time, value]) => ({
      expr: `count(ALERTS{alertname="${alert}", alertstate="firing"${ofWindow}}) or vector(0)`,
      eval_time,
      exp_samples: [{ labels: '{}', value }],
    })),
  }
}

test('Prometheus accepts the configuration and every rule', async () => {
  await run('promtool', [
    'check',
    'config',
    '--syntax-only',
    join(folder, 'prometheus/prometheus.yml'),
  ])
  const { stdout } = await run('promtool', ['check', 'rules', '--lint-fatal', ...RULE_FILES])
  expect(stdout).toContain('SUCCESS')
})

test('no annotation uses a label that the rule adds, because it would be empty', () => {
  const asked = readAlerts().flatMap(({ alert, labels = {}, annotations = {} }) =>
    Object.values(annotations).flatMap((text) =>
      Array.from(text.matchAll(/\$labels\.(\w+)/g), ([, label = '']) => ({
        alert,
        label,
        own: label in labels,
      })),
    ),
  )
  expect(asked.length).toBeGreaterThan(5)
  expect(asked.filter(({ own }) => own)).toEqual([])
})

test('every alert has a case in which it is quiet, fires, and resolves', () => {
  const key = (alert: string, window = '') => `${alert} ${window}`
  const seen = ALERT_CASES.filter(
    ({ alert, firing }) =>
      Object.values(firing).join(' ') === (alert === 'Watchdog' ? '1 1' : '0 1 0'),
  )
  expect(new Set(seen.map(({ alert, window }) => key(alert, window)))).toEqual(
    new Set(readAlerts().map(({ alert, labels }) => key(alert, labels?.['window']))),
  )
})

const named = ALERT_CASES.map((each) => ({
  ...each,
  name: [each.alert, each.window].filter(Boolean).join(' '),
  title: each.title ?? 'fires when it must, and only then',
}))

test.each(named)('$name: $title', async (each) => {
  const path = join(scratch, `${each.name}-${named.indexOf(each)}.yml`)
  const files = readAlerts().flatMap(({ alert, file }) => (alert === each.alert ? [file] : []))
  await writeFile(
    path,
    JSON.stringify({
      rule_files: [...new Set(files)],
      evaluation_interval: each.interval,
      tests: [toUnitTest(each)],
    }),
  )
  const { stdout, stderr } = await run('promtool', ['test', 'rules', path]).catch(
    (error: { stdout: string; stderr: string }) => error,
  )
  expect(stdout + stderr).toContain('SUCCESS')
})

test('Alertmanager accepts its configuration', async () => {
  const { stdout } = await run('amtool', ['check-config', alertmanager])
  expect(stdout).toContain('SUCCESS')
})

test.each([
  ['security-pager', 'team=security severity=page'],
  ['security-tickets', 'team=security severity=ticket'],
  ['operations-pager', 'team=operations severity=page'],
  ['operations-tickets', 'team=operations severity=ticket'],
  ['watchdog', 'alertname=Watchdog team=operations severity=none'],
])('%s hears of %s', async (receiver, labels) => {
  await run('amtool', [
    'config',
    'routes',
    'test',
    `--config.file=${alertmanager}`,
    `--verify.receivers=${receiver}`,
    ...labels.split(' '),
  ])
})
