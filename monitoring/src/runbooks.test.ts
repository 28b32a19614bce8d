import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readAlerts } from './read-rules.ts'

const root = join(import.meta.dirname, '../..')
const BOOKS = ['docs/runbooks/operations.md', 'docs/runbooks/security.md']
const alerts = readAlerts()

/** Returns the sections of a runbook by heading. */
const sections = BOOKS.flatMap((book) =>
  readFileSync(join(root, book), 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((text) => {
      const [name = '', ...lines] = text.split('\n')
      return { name, lines, url: `${book}#${name.toLowerCase()}` }
    }),
)

test('every alert has a section in a runbook, and every section an alert', () => {
  expect(
    new Set(alerts.map(({ alert, annotations }) => `${alert} ${annotations?.['runbook_url']}`)),
  ).toEqual(new Set(sections.map(({ name, url }) => `${name} ${url}`)))
})

test.each(sections)('$name: what it means, what to check, what to do', ({ lines }) => {
  expect(
    lines
      .map((line) => /^\* \*\*(.+?)\*\* \S/.exec(line)?.[1])
      .filter((part) => part !== undefined),
  ).toEqual(['Means', 'Check', 'Do'])
})

describe.each(alerts)('$alert', ({ labels, annotations }) => {
  test('it has a team, a severity and a summary', () => {
    expect(['page', 'ticket', 'none']).toContain(labels?.['severity'])
    expect(['operations', 'security']).toContain(labels?.['team'])
    expect(annotations?.['summary']).toMatch(/^.{15,}[^.]$/)
    expect(annotations?.['description']).toMatch(/^.{30,}\.$/)
  })
})

test('security alerts are sent without delay', () => {
  const counted = alerts.filter(
    ({ file, expr }) => file.endsWith('security.yml') && !expr.includes('rate('),
  )
  expect(counted.length).toBeGreaterThan(8)
  expect(counted.filter((alert) => alert.for !== undefined)).toEqual([])
  expect(readFileSync(counted[0]?.file ?? '', 'utf8')).toContain('interval: 5s')
})
