import { spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { linkReadme } from './link-readme.ts'
import { readProduct } from './read-product.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const DIRECTORY = 'clients/python'

/** From PyPI, into an environment of its own. */
const BUILDER = 'build==1.6.1'

/** Traces of tests and type checks, and environments, which a developer's folder may hold. */
const isSource = (path: string) => !/^(\..+|__pycache__|venv|dist|build)$/.test(basename(path))

/**
 * `node tools/src/build-python-package.ts <folder>` builds the wheel and the source archive of the
 * Python package into that folder, with absolute links in its README. Needs python3 with venv, and
 * PyPI.
 */
export function buildPythonPackage(outDir: string): void {
  const scratch = mkdtempSync(join(tmpdir(), 'auto-refresh-python-'))
  try {
    const source = join(scratch, 'package')
    cpSync(join(ROOT, DIRECTORY), source, { recursive: true, filter: isSource })
    const product = readProduct()
    const readme = join(source, 'README.md')
    writeFileSync(
      readme,
      linkReadme(readFileSync(readme, 'utf8'), { product, directory: DIRECTORY }),
    )
    const { website, version } = product
    appendFileSync(
      join(source, 'pyproject.toml'),
      `\n[project.urls]\nHomepage = "${website}"\nIssues = "${website}/issues"\n` +
        `Changelog = "${website}/blob/v${version}/CHANGELOG.md"\n`,
    )
    const python = join(scratch, 'venv/bin/python')
    run('python3', '-m', 'venv', join(scratch, 'venv'))
    run(python, '-m', 'pip', 'install', '--quiet', BUILDER)
    run(python, '-m', 'build', '--outdir', resolve(outDir), source)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function run(command: string, ...args: string[]): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`)
}

if (import.meta.main) buildPythonPackage(process.argv[2] ?? '.')
