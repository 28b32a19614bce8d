import { readdirSync, readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** Words that an operator would not search for, with the term of the field. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\b(is|are) (gone|there again)\b/, 'unavailable'],
  [/\b(trying|tries) (on|again)\b/, 'retrying'],
  [/\btrouble\b/, 'failed'],
  [/\bleft alone\b/, 'marked unhealthy, or ignored'],
  [/\bof ours\b/, 'internal'],
  [/\bwhoever\b/, 'a clause with a subject'],
  [/\btold\b/, 'published, returned or reported'],
  [/\baway\b/, 'unavailable'],
  [/\bpatience\b/, 'deadline'],
  [/\b(nobody|somebody|everybody)\b/, 'no user, an attacker, all users'],
  [/\bby (itself|themselves)\b/, 'automatically'],
  [/\bgiv(e|es|en) back\b/, 'returned, or refunded'],
  [/\bmeanwhile\b/, 'in the meantime, or since'],
]

const LITERAL = /(?:'(?:[^'\\]|\\.)+'|`(?:[^`\\]|\\.)+`)/.source
const TEXT = `(${LITERAL}(?:\\s*\\+\\s*${LITERAL})*)`
const FIELDS = /\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}\s*,\s*/.source
const LOG_CALL = new RegExp(`\\b(?:log|warn|error|info|debug)\\w*\\(\\s*(?:${FIELDS})?${TEXT}`, 'g')
const NEW_ERROR = new RegExp(`\\bnew \\w*Error\\(\\s*${TEXT}`, 'g')

/** Returns the texts of log lines and errors in a source; concatenated literals are one text. */
function findMessages(source: string): string[] {
  return [...source.matchAll(LOG_CALL), ...source.matchAll(NEW_ERROR)].map(([, text = '']) =>
    text.replace(/['`]\s*\+\s*['`]/g, '').slice(1, -1),
  )
}

const findFaults = (source: string) =>
  findMessages(source).flatMap((message) =>
    WORDS.filter(([word]) => word.test(message)).map(([, term]) => `${message}: say ${term}`),
  )

test.each([
  [`log.warn({ err }, 'Redis is away')`, 1],
  ['log.error({ err: error, a: { b } }, `Login events failed; trying on`)', 1],
  ["new Error('The keys of Redis ' +\n  `are gone: ${name}`)", 1],
  [`throw new CodedError('unavailable', { cause: new Error('A fault of ours') })`, 1],
  [`log.warn({ err }, 'Redis unavailable: retrying')`, 0],
])('the words of %s', (source, faults) => {
  expect(findFaults(source)).toHaveLength(faults)
})

test('log lines and errors use the terms that an operator greps for', () => {
  const found = ['services', 'packages', 'examples'].flatMap((folder) =>
    readdirSync(resolve(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /^[^/]+\/src\/.*\.ts$/.test(file) && !file.endsWith('.test.ts'))
      .map((file) => resolve(root, folder, file))
      .flatMap((file) =>
        findFaults(readFileSync(file, 'utf8')).map((fault) => `${relative(root, file)}: ${fault}`),
      ),
  )
  expect(found).toEqual([])
})
