import helmet from '@fastify/helmet'
import { HEADERS } from '@auto-refresh/contracts'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

const NO_STORE = { 'cache-control': 'no-store, private', pragma: 'no-cache' }

/**
 * The headers of every answer, errors too: its request id, nothing to be cached, nothing to be
 * framed, sniffed or run.
 */
export const answerHeaders = fastifyPlugin(
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
      // a page on a listed origin reads us by CORS; only embedding is refused
      crossOriginResourcePolicy: { policy: 'same-site' },
    })
  },
  { name: 'answer-headers' },
)
