import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buildPackage } from './build-package.ts'
import { buildPythonPackage } from './build-python-package.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const NPM_PACKAGES = ['packages/client', 'packages/server']

/** Builds a package for npm and packs it into `outDir`. Returns the path of its file. */
export function packForNpm(folder: string, outDir: string): string {
  const built = mkdtempSync(join(tmpdir(), 'auto-refresh-package-'))
  try {
    buildPackage(join(ROOT, folder), built)
    mkdirSync(outDir, { recursive: true })
    const { status, stdout, stderr } = spawnSync(
      'npm',
      ['pack', '--silent', '--pack-destination', resolve(outDir)],
      { cwd: built, encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(`npm pack failed:\n${stderr}`)
    return join(outDir, stdout.trim())
  } finally {
    rmSync(built, { recursive: true, force: true })
  }
}

/**
 * `npm run release` writes all that is published into `release/`: the packages for npm, and for
 * Python a wheel and its sources.
 */
export function packRelease(outDir = join(ROOT, 'release')): void {
  rmSync(outDir, { recursive: true, force: true })
  for (const folder of NPM_PACKAGES) packForNpm(folder, outDir)
  buildPythonPackage(outDir)
}

if (import.meta.main) {
  const outDir = join(ROOT, 'release')
  packRelease(outDir)
  for (const file of readdirSync(outDir))
    console.log(`release/${file}  ${Math.ceil(statSync(join(outDir, file)).size / 1000)} kB`)
}
