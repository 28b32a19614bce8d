import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { KNOWN_BUGS } from './known-bugs.ts'

test.each(KNOWN_BUGS.map((bug) => [bug.name, bug] as const))(
  '"%s" can still be seeded',
  (_, { file, find, replace }) => {
    const code = readFileSync(resolve(import.meta.dirname, '../..', file), 'utf8')
    expect(code.split(find)).toHaveLength(2)
    expect(replace).not.toBe(find)
  },
)
