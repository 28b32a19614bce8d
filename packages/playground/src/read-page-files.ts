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
/** Files that only tests need. */
const NOT_FOR_BROWSERS = /\.test\.ts$|^testing\//

/** Reads the page and the client that it uses, by the path under which a browser requests them. */
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
 * Replaces package names with paths: browsers do not resolve names, and an import map would be an
 * inline script.
 */
const toScript = (source: string) =>
  stripTypes(source).replaceAll(`'@auto-refresh/client'`, `'/playground/client/index.ts'`)
