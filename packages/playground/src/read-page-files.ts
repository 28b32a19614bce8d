import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { stripTypes } from './strip-types.ts'

export type PageFile = Readonly<{ contentType: string; body: string }>

const CONTENT_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
}
/** What only tests need. */
const NOT_FOR_BROWSERS = /\.test\.ts$|^testing\//

/** The page and the client that it uses, by the path under which a browser asks for them. */
export function readPageFiles(): Map<string, PageFile> {
  const client = createRequire(import.meta.url).resolve('@auto-refresh/client')
  return new Map([
    ...readFolder('/playground/', join(import.meta.dirname, '../page')),
    ...readFolder('/playground/client/', dirname(client)),
  ])
}

function readFolder(prefix: string, folder: string): [string, PageFile][] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap(
    (name): [string, PageFile][] => {
      const contentType = CONTENT_TYPES[extname(name)]
      if (contentType === undefined || NOT_FOR_BROWSERS.test(name)) return []
      const text = readFileSync(join(folder, name), 'utf8')
      return [
        [`${prefix}${name}`, { contentType, body: name.endsWith('.ts') ? toScript(text) : text }],
      ]
    },
  )
}

/**
 * Browsers know no names of packages, and a table of them (an import map) would be a script in the
 * page.
 */
const toScript = (source: string) =>
  stripTypes(source).replaceAll(`'@auto-refresh/client'`, `'/playground/client/index.ts'`)
