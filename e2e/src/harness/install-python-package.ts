import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readBlocks } from './read-blocks.ts'
import { REPOSITORY } from './start-standalone.ts'

const run = promisify(execFile)
const BUILD = join(REPOSITORY, 'tools/src/build-python-package.ts')

/**
 * Builds the package of clients/python and installs it as docs/clients/python.md says, with what
 * its tests need; once for all test files of a run. `release` is the folder of the built files,
 * `bin` returns the path of an installed program.
 */
export async function installPythonPackage(): Promise<{
  release: string
  bin: (program: string) => string
}> {
  // Paths with spaces are used on purpose.
  const folder = join(process.env['TEST_RUN_FOLDER'] ?? '', 'python package')
  const release = join(folder, 'release')
  const done = join(folder, 'installed')
  if (!existsSync(done)) {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    await run(process.execPath, [BUILD, release])
    const install = readBlocks('docs/clients/python.md').find(({ language }) => language === 'sh')
    // Only what is imported is compiled.
    const env = { ...process.env, PIP_NO_COMPILE: '1' }
    await run('bash', ['-ec', toInstallation(install?.code ?? 'exit 1')], { cwd: folder, env })
    await writeFile(done, '')
  }
  return { release, bin: (program) => join(folder, 'venv/bin', program) }
}

/** Installs the wheel of a release with what its tests need, in place of the folder. */
const toInstallation = (documented: string) =>
  documented.replace(
    /^(\S+\/pip install -q) \/path\/to\/auto-refresh-token\/clients\/python$/m,
    '$1 "$(echo release/*.whl)[test]"',
  )
