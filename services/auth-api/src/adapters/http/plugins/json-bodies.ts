import { CodedError } from '@auto-refresh/contracts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { parseJsonBody } from '../request/parse-json-body.ts'

/**
 * RFC 9110 §8.3.1 allows spaces around the semicolon, quotes, and a semicolon at the end.
 */
const JSON_TYPE =
  /^application\/json[ \t]*(?:;[ \t]*(?:charset=(?:utf-8|"utf-8")[ \t]*(?:;[ \t]*)?)?)?$/i
const BODYLESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Accepts `application/json` only, read by our own parser. An empty body counts as absent, whatever
 * its type: axios, urllib and `curl -d ''` send a type without a body. Other types are 415, such as
 * forms, which browsers send across origins without a preflight, and odd spellings of the type that
 * once bypassed validation in Fastify (CVE-2025-32442). `formBodies` is the exception, for OAuth.
 */
export const jsonBodies = fastifyPlugin(
  async (app: FastifyInstance) => {
    app.removeAllContentTypeParsers()
    for (const type of ['application/json', '*'])
      app.addContentTypeParser(type, { parseAs: 'buffer' }, parse)
    app.addHook('onRequest', async ({ method, headers, routeOptions }) => {
      if (headers['content-type'] === undefined || BODYLESS.has(method)) return
      const { 'content-length': length = '0', 'transfer-encoding': coding } = headers
      // Otherwise Fastify looks for a parser of this type.
      if (coding === undefined && Number(length) === 0) delete headers['content-type']
      else if (coding === undefined && routeOptions.config.isForm !== true) requireJson(headers)
    })
  },
  { name: 'json-bodies' },
)

/** Checks the type of a chunked body here: only now is it known whether the body is empty. */
async function parse({ headers }: FastifyRequest, body: Buffer): Promise<unknown> {
  if (body.length > 0) requireJson(headers)
  return parseJsonBody(body)
}

function requireJson({ 'content-type': type }: FastifyRequest['headers']): void {
  if (type === undefined || !JSON_TYPE.test(type)) throw new CodedError('unsupported_media_type')
}
