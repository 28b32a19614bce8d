import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { RULE_FILES } from './read-rules.ts'
import { writeRules } from './write-rules.ts'

test('the written rules have absolute links to the runbooks, and differ in nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rules-'))
  writeRules('https://wiki.example/auth/', folder)
  expect(readdirSync(folder).toSorted()).toEqual(
    RULE_FILES.map((file) => basename(file)).toSorted(),
  )
  for (const file of RULE_FILES) {
    const written = readFileSync(join(folder, basename(file)), 'utf8')
    const links = [...JSON.stringify(parse(written)).matchAll(/"runbook_url":"([^"]+)"/g)]
    for (const [, link] of links) expect(link).toMatch(/^https:\/\/wiki\.example\/auth\/docs\//)
    expect(written.replaceAll('https://wiki.example/auth/', '')).toBe(readFileSync(file, 'utf8'))
  }
  rmSync(folder, { recursive: true })
})

test('another base than an http(s) URL is refused', () => {
  for (const base of ['', 'wiki', 'file:///docs'])
    expect(() => writeRules(base, tmpdir())).toThrow('RUNBOOK_BASE_URL must be')
})
