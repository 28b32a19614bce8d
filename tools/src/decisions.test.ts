import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const MOST_WORDS = 160

const folder = resolve(import.meta.dirname, '../../docs/decisions')
const files = readdirSync(folder).toSorted()
const read = (file: string) => readFileSync(resolve(folder, file), 'utf8')

test('the decisions are numbered from 0001 without gaps', () => {
  expect(files.map((file) => file.slice(0, 4))).toEqual(
    files.map((_, i) => String(i + 1).padStart(4, '0')),
  )
})

test.each(files)('%s is named for its title', (file) => {
  const [, number, title = ''] = /^# (\d{4})\. (.+)\n/.exec(read(file)) ?? []
  const slug = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  expect(file).toBe(`${number}-${slug}.md`)
})

test.each(files)('%s has a context, a decision and a cost, and is short', (file) => {
  const text = read(file)
  expect([...text.matchAll(/^\*\*(\w+)\.\*\* /gm)].map(([, part]) => part)).toEqual([
    'Context',
    'Decision',
    'Cost',
  ])
  expect(text.split(/\s+/).length).toBeLessThanOrEqual(MOST_WORDS)
})
