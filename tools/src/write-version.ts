import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { readProduct } from './read-product.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** Where the version of the product is repeated, with what is before and after it. */
export const REPETITIONS = [
  { file: 'clients/python/pyproject.toml', pattern: /(?<=^version = ")[^"]+(?="$)/m },
  { file: 'README.md', pattern: /(?<=^ +Auto Refresh Token )\S+(?= is ready$)/m },
]

/** `npm version` calls it after it has changed the package.json of the repository. */
export function writeVersion(root = ROOT, { version } = readProduct()): void {
  for (const { file, pattern } of REPETITIONS) {
    const path = resolve(root, file)
    writeFileSync(path, readFileSync(path, 'utf8').replace(pattern, version))
  }
}

if (import.meta.main) writeVersion()
