import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from './start-standalone.ts'

export type Block = { language: string; code: string; line: number }

/**
 * Returns the fenced code blocks of a document of the repository in order, each with the line on
 * which it opens.
 */
export function readBlocks(document: string): Block[] {
  const text = readFileSync(join(REPOSITORY, document), 'utf8')
  return [...text.matchAll(/^```(.*)\n([^]*?)^```$/gm)].map(
    ({ 1: language = '', 2: code = '', index }) => ({
      language,
      code,
      line: text.slice(0, index).split('\n').length,
    }),
  )
}

/** The first line with which a block tells the reader that it is not run. */
export const isMarkedNotRun = ({ code }: Block): boolean =>
  /^(?:#|\/\/) not run by the tests: /.test(code)

/** Each `NAME=value` at the start of a line or before a command. */
export const settingsOf = (code: string): Record<string, string> =>
  Object.fromEntries(
    [...code.matchAll(/(?:^|\s)([A-Z][A-Z0-9_]*)=(\S*)/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  )
