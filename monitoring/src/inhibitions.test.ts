import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { readAlerts } from './read-rules.ts'

type Inhibition = { source_matchers: string[]; target_matchers: string[] }

const alerts = readAlerts()
const { inhibit_rules: inhibitions } = parse(
  readFileSync(join(import.meta.dirname, '../alertmanager/alertmanager.yml'), 'utf8'),
) as { inhibit_rules: Inhibition[] }

/**
 * Returns the alerts that matchers select by the labels of the rules; labels of the series are
 * unknown here.
 */
function spokenOf(matchers: readonly string[]) {
  return alerts.filter(({ alert, labels }) =>
    matchers.every((matcher) => {
      const [, name = '', operator, value = ''] = /^(\w+) (=~?) "?([^"']*)"?$/.exec(matcher) ?? []
      const actual = { ...labels, alertname: alert }[name]
      return actual === undefined
        ? operator !== undefined
        : operator === '='
          ? actual === value
          : new RegExp(`^(?:${value})$`).test(actual)
    }),
  )
}

test.each(inhibitions)(
  '$source_matchers silences existing alerts, and security alerts only by security alerts',
  ({ source_matchers, target_matchers }) => {
    const [sources, targets] = [spokenOf(source_matchers), spokenOf(target_matchers)]
    expect(sources).not.toEqual([])
    expect(targets).not.toEqual([])
    const silencesSecurity = targets.some(({ labels }) => labels?.['team'] === 'security')
    expect(silencesSecurity && sources.some(({ labels }) => labels?.['team'] !== 'security')).toBe(
      false,
    )
  },
)

test('every alert in a matcher exists', () => {
  const named = inhibitions
    .flatMap(({ source_matchers, target_matchers }) => [...source_matchers, ...target_matchers])
    .flatMap((matcher) => matcher.match(/[A-Z][A-Za-z]+/g) ?? [])
  const known = new Set(alerts.map(({ alert }) => alert))
  expect(
    named.filter(
      (name) => !known.has(name) && !['Refresh', 'Availability', 'Latency', 'Burn'].includes(name),
    ),
  ).toEqual([])
})
