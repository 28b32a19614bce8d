import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { replaceSection } from './replace-section.ts'

const DOCS = resolve(import.meta.dirname, '../../../docs')

/**
 * Writes a section of docs/benchmarks.md, and files beside it. Throws without its markers, before
 * anything is written.
 */
export async function writeSection(
  name: string,
  content: string,
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  const page = resolve(DOCS, 'benchmarks.md')
  const text = replaceSection(await readFile(page, 'utf8'), name, content)
  await writeFile(page, text)
  for (const [path, file] of Object.entries(files)) await writeFile(resolve(DOCS, path), file)
}
