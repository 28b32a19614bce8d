import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Framework } from './install-package.ts'

const DOCUMENTS = ['packages/server/README.md', 'docs/integrate.md']

/** What the blocks leave to the reader. */
const OF_READER: Record<Framework | 'core', string> = {
  fastify: `
import type { FastifyInstance } from 'fastify'
declare const guarded: FastifyInstance
declare const removeCase: () => Promise<void>
`,
  express: `
declare const removeCase: () => Promise<void>
`,
  fetch: `
import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono } from 'hono'
import type { User } from '@auto-refresh/server/fetch'
declare const app: Hono<{ Variables: { user: User } }>
declare const issuer: string, authApiUrl: string, apiKey: string
declare const removeCase: () => Promise<Response>
`,
  core: `
import type { GuardRequest } from '@auto-refresh/server/core'
declare const issuer: string, authApiUrl: string, apiKey: string
declare const log: Console, request: GuardRequest, requestId: string
declare const send: (refusal: { status: number; body: object }) => void
declare const handle: (user: { sub: string } | null) => Promise<Response>
declare const clientIsConnected: boolean, exposedHeaders: string | undefined
declare const addHeader: (response: Response, name: string, value: string) => void
`,
}

const OF_EVERY_READER = `
declare const casesOf: (userId: string) => object
declare const caseOf: (userId: string, params: unknown) => Promise<object>
declare const newsFor: (userId: string | undefined) => object
declare const feedOf: (userOrTenant: string | undefined) => object
`

/**
 * Returns the TypeScript blocks of the documents that use an entry point of this package, each as a
 * program: with the names that it leaves to the reader.
 */
export function readDocumentedPrograms(entryPoint: Framework | 'core'): string[] {
  return DOCUMENTS.flatMap((path) => {
    const text = readFileSync(resolve(import.meta.dirname, '../../../..', path), 'utf8')
    return [...text.matchAll(/^```ts\n([^]*?)^```$/gm)]
      .map(([, code = '']) => code)
      .filter((code) => code.includes(`'@auto-refresh/server/${entryPoint}'`))
      .map((code) => `${OF_READER[entryPoint]}${OF_EVERY_READER}${toModule(code)}`)
  })
}

/** A block with a `return` shows the body of a function, after its imports. */
function toModule(code: string): string {
  if (!/^(?!import).*\breturn /m.test(code)) return code
  const imports = code.match(/^import .*\n/gm) ?? []
  const body = code.replaceAll(/^import .*\n/gm, '')
  return `${imports.join('')}export async function respond() {\n${body}}\n`
}
