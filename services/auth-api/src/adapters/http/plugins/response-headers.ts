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
    const security = readSecurityHeaders()
    app.addHook('onRequest', async (request, reply) => {
      // Set on the raw response, so that streamed responses carry them too.
      for (const [name, value] of security) reply.raw.setHeader(name, value)
      void reply.headers({ [HEADERS.requestId]: request.id, ...NO_STORE })
    })
  },
  { name: 'response-headers' },
)

/** They are the same for every response, so helmet runs once and not for each request. */
function readSecurityHeaders(): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
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
    setHeader: (name: string, value: string) => void headers.set(name, value),
    removeHeader: () => {},
  }
  setHeaders({} as IncomingMessage, response as unknown as ServerResponse, (error) => {
    if (error !== undefined) throw error
  })
  return headers
}
