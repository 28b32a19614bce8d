import { CodedError } from '@auto-refresh/contracts'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { parseJsonBody } from './parse-json-body.ts'

/** RFC 9110 §8.3.1: blanks around the semicolon, quotes, and a semicolon with nothing behind it mean nothing. */
const JSON_TYPE = /^application\/json[ \t]*(?:;[ \t]*(?:charset=(?:utf-8|"utf-8")[ \t]*(?:;[ \t]*)?)?)?$/i
const BODYLESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Bodies are `application/json`, read by our own parser, or absent. Any other type is 415 even when empty: forms, which
 * browsers send across origins without asking, and the odd spellings that slipped past validation (CVE-2025-32442).
 */
export const jsonBodies = fastifyPlugin(
  async (app: FastifyInstance) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => parseJsonBody(body))
    app.addHook('onRequest', async ({ method, headers }) => {
      const type = headers['content-type']
      if (type !== undefined && !BODYLESS.has(method) && !JSON_TYPE.test(type)) throw new CodedError('unsupported_media_type')
    })
  },
  { name: 'json-bodies' },
)
