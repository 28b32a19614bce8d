import type { IncomingMessage, ServerResponse } from 'node:http'
import { HEADERS } from '@auto-refresh/contracts'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import helmet from 'helmet'

const NO_STORE = { 'cache-control': 'no-store, private', pragma: 'no-cache' }

/**
 * Sets the headers of every response, errors too: the request id, no caching, and the security
 * headers of helmet.
 */
export const responseHeaders = fastifyPlugin(
  async (app: FastifyInstance) => {
    const constant = { ...readSecurityHeaders(), ...NO_STORE }
    app.addHook('onRequest', async (request, reply) => {
      void reply.headers(constant).header(HEADERS.requestId, request.id)
    })
  },
  { name: 'response-headers' },
)

/** They are the same for every response, so helmet runs once and not for each request. */
function readSecurityHeaders(): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  const setHeaders = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    frameguard: { action: 'deny' },
    // Pages on listed origins use CORS; this only refuses embedding.
    crossOriginResourcePolicy: { policy: 'same-site' },
  })
  const response = {
    setHeader: (name: string, value: string) => void (headers[name.toLowerCase()] = value),
    removeHeader: () => {},
  }
  setHeaders({} as IncomingMessage, response as unknown as ServerResponse, (error) => {
    if (error !== undefined) throw error
  })
  return headers
}
