import helmet from '@fastify/helmet'
import { HEADERS } from '@auto-refresh/contracts'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

const NO_STORE = { 'cache-control': 'no-store, private', pragma: 'no-cache' }

/**
 * Sets the headers of every response, errors too: the request id, no caching, and the security
 * headers of helmet.
 */
export const responseHeaders = fastifyPlugin(
  async (app: FastifyInstance) => {
    app.addHook(
      'onRequest',
      async (request, reply) =>
        void reply.headers({ [HEADERS.requestId]: request.id, ...NO_STORE }),
    )
    await app.register(helmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      },
      frameguard: { action: 'deny' },
      // Pages on listed origins use CORS; this only refuses embedding.
      crossOriginResourcePolicy: { policy: 'same-site' },
    })
  },
  { name: 'response-headers' },
)
