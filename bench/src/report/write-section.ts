import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { replaceSection } from './replace-section.ts'

const DOCS = resolve(import.meta.dirname, '../../../docs')

/**
 * Writes a section of a page of docs/, and files beside it. Throws without its markers, before
 * anything is written.
 */
export async function writeSection(
  name: string,
  content: string,
  {
    page = 'benchmarks.md',
    files = {},
  }: { page?: string; files?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const path = resolve(DOCS, page)
  const text = replaceSection(await readFile(path, 'utf8'), name, content)
  await writeFile(path, text)
  for (const [file, data] of Object.entries(files)) await writeFile(resolve(DOCS, file), data)
}
