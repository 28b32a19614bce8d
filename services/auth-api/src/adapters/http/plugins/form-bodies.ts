import { CodedError } from '@auto-refresh/contracts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { parseFormBody } from '../request/parse-form-body.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body is a form, as OAuth requires; all other routes accept JSON only. */
    isForm?: boolean
  }
}

const FORM_TYPE =
  /^application\/x-www-form-urlencoded[ \t]*(?:;[ \t]*(?:charset=(?:utf-8|"utf-8")[ \t]*(?:;[ \t]*)?)?)?$/i

/**
 * Accepts forms only, in the scope of the plugin. Browsers send forms across origins without a
 * preflight and with cookies, so a route with a form reads no cookie and sets none. An empty body
 * counts as a form without parameters.
 */
export const formBodies = fastifyPlugin(
  async (app: FastifyInstance) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, parse)
    app.addHook('preValidation', async (request) => void (request.body ??= {}))
  },
  { name: 'form-bodies' },
)

async function parse({ headers }: FastifyRequest, body: Buffer): Promise<unknown> {
  if (body.length > 0 && !FORM_TYPE.test(headers['content-type'] ?? ''))
    throw new CodedError('unsupported_media_type', {
      detail: 'Send the body as application/x-www-form-urlencoded',
    })
  return parseFormBody(body)
}
