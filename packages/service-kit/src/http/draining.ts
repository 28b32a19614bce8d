import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

/**
 * Every request is answered within this time of its last byte: what is open for longer is a client
 * that hangs.
 */
const LONGEST_ANSWER_MS = 3000

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * From now on every answer ends its connection: whoever comes again goes where the balancer
     * sends them.
     */
    drain(): void
  }
}

/**
 * While closing, an answer under way ends its connection too: kept alive, it would hold the process
 * for a minute.
 */
export const draining = fastifyPlugin(
  async (app: FastifyInstance) => {
    let closing = false
    app.decorate('drain', () => {
      closing = true
    })
    app.addHook('preClose', async () => {
      closing = true
      const cut = setTimeout(() => app.server.closeAllConnections(), LONGEST_ANSWER_MS).unref()
      app.server.once('close', () => clearTimeout(cut))
    })
    app.addHook('onSend', async (_, reply) => {
      if (closing) reply.header('connection', 'close')
    })
  },
  { name: 'draining' },
)
