import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

/** While closing, an answer under way ends its connection too: kept alive, it would hold the process for a minute. */
export const draining = fastifyPlugin(
  async (app: FastifyInstance) => {
    let closing = false
    app.addHook('preClose', async () => {
      closing = true
    })
    app.addHook('onSend', async (_, reply) => {
      if (closing) reply.header('connection', 'close')
    })
  },
  { name: 'draining' },
)
