import { execFile } from 'node:child_process'
import { glob } from 'node:fs/promises'
import { resolve } from 'node:path'
import { promisify } from 'node:util'

const REPOSITORY = resolve(import.meta.dirname, '../../..')
const BYTES_PER_KIB = 1024
const run = promisify(execFile)
const options = { cwd: REPOSITORY, maxBuffer: 2 ** 24 }

/**
 * Returns bytes on disk: of all installed packages, and of those that the image of one process has,
 * without development dependencies and the embedded Postgres.
 */
export async function measureInstall(): Promise<{ all: number; production: number }> {
  const folders: string[] = []
  for await (const folder of glob(['node_modules', '*/node_modules', '*/*/node_modules'], options))
    folders.push(folder)
  const omit = ['--omit=dev', '--omit=optional']
  const { stdout } = await run(
    'npm',
    ['ls', '--workspace', '@auto-refresh/standalone', ...omit, '--all', '--parseable'],
    options,
  )
  const packages = stdout.trim().split('\n')
  return {
    all: await measureDisk(folders),
    production: await measureDisk(packages.filter((path) => path.includes('/node_modules/'))),
  }
}

async function measureDisk(paths: readonly string[]): Promise<number> {
  const { stdout } = await run('du', ['-skc', ...paths], options)
  return BYTES_PER_KIB * Number(/^(\d+)\ttotal$/m.exec(stdout)?.[1])
}
