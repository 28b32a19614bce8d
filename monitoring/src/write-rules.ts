import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { RULE_FILES } from './read-rules.ts'

const RELATIVE = /(runbook_url: (?:&\S+ )?)(docs\/)/g

/**
 * Writes the rules into `folder` with absolute links to the runbooks, so that they work in a pager.
 * Throws if `base` is not an http(s) URL.
 */
export function writeRules(base: string, folder: string): void {
  if (!/^https?:$/.test(URL.canParse(base) ? new URL(base).protocol : ''))
    throw new TypeError(
      'RUNBOOK_BASE_URL must be the http(s) URL under which the folder docs is found',
    )
  const prefix = `${base.replace(/\/+$/, '')}/`
  mkdirSync(folder, { recursive: true })
  for (const file of RULE_FILES)
    writeFileSync(
      join(folder, basename(file)),
      readFileSync(file, 'utf8').replaceAll(
        RELATIVE,
        (_, name: string, path: string) => `${name}${prefix}${path}`,
      ),
    )
}

if (import.meta.main) {
  const folder = resolve(process.argv[2] ?? 'rules')
  writeRules(process.env['RUNBOOK_BASE_URL'] ?? '', folder)
  console.log(`The rules were written to ${folder}`)
}
