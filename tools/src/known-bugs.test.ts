import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { KNOWN_BUGS } from './known-bugs.ts'

const root = resolve(import.meta.dirname, '../..')

test.each(KNOWN_BUGS.map((bug) => [bug.name, bug] as const))(
  '"%s" can still be seeded, and its test exists',
  (_, { workspace, file, find, replace, test: filter }) => {
    expect(readFileSync(resolve(root, file), 'utf8').split(find)).toHaveLength(2)
    expect(replace).not.toBe(find)
    const tests = readdirSync(resolve(root, workspace, 'src'), {
      recursive: true,
      encoding: 'utf8',
    }).filter((path) => path.endsWith('.test.ts') && `src/${path}`.includes(filter))
    expect(tests).not.toEqual([])
  },
)
