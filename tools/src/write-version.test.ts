import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { readProduct } from './read-product.ts'
import { REPETITIONS } from './write-version.ts'

const root = resolve(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(resolve(root, file), 'utf8')
const { version } = readProduct()

test.each(REPETITIONS)('$file names the version of the product', ({ file, pattern }) => {
  expect(pattern.exec(read(file))?.[0]).toBe(version)
})

test('the lockfile names the version of the product', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { version?: string }>
  }
  expect(packages['']?.version).toBe(version)
})

test('the changelog has a section on the version', () => {
  expect(read('CHANGELOG.md')).toMatch(new RegExp(`^## ${version.replaceAll('.', '\\.')}\\b`, 'm'))
})

test('the upgrade test starts from this release, or from the one before until it is dumped', () => {
  const [, before = '0.0.0'] = [...read('CHANGELOG.md').matchAll(/^## (\d+\.\d+\.\d+)/gm)].map(
    ([, released]) => released,
  )
  const previous = JSON.parse(read('packages/test-engines/previous-release/release.json')) as {
    version: string
  }
  expect([version, before]).toContain(previous.version)
})
