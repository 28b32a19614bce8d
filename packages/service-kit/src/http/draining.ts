import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

/** Every request gets its response within this time: a connection open for longer hangs. */
const LONGEST_ANSWER_MS = 3000

declare module 'fastify' {
  interface FastifyInstance {
    /** From now on every response closes its connection, so clients reconnect to other replicas. */
    drain(): void
  }
}

/**
 * Adds `drain()` to the app, and closes connections while the app is closing: a keep-alive
 * connection would keep the process running for a minute.
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
