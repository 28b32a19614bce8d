import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '@auto-refresh/service-kit/config'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeDataDir } from './make-data-dir.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-dir-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('it is created once, with its parent directories', async () => {
  await makeDataDir(join(folder, 'a', 'b'))
  await makeDataDir(join(folder, 'a', 'b'))
})

test.each(['file', 'file/below'])('a file in its place is a wrong setting: %s', async (path) => {
  await writeFile(join(folder, 'file'), '')
  const refused = makeDataDir(join(folder, path))
  await expect(refused).rejects.toThrow(ConfigError)
  await expect(refused).rejects.toThrow(/DATA_DIR cannot be used \((?:EEXIST|ENOTDIR)\)/)
})
