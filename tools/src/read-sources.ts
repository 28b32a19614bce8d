import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')

/** Reads the TypeScript below `src` of the workspaces in `folders`: texts by path from the root. */
export function readSources(folders: readonly string[]): Map<string, string> {
  const files = folders
    .flatMap((folder) =>
      existsSync(resolve(ROOT, folder, 'src'))
        ? [resolve(ROOT, folder, 'src')]
        : readdirSync(resolve(ROOT, folder)).map((name) => resolve(ROOT, folder, name, 'src')),
    )
    .filter((src) => existsSync(src))
    .flatMap((src) =>
      readdirSync(src, { recursive: true, encoding: 'utf8' }).map((file) => resolve(src, file)),
    )
    .filter((file) => file.endsWith('.ts'))
  return new Map(
    files.map((file) => [relative(ROOT, file).split(sep).join('/'), readFileSync(file, 'utf8')]),
  )
}
