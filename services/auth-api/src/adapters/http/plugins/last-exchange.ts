import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

type Exchange = Readonly<{ request: IncomingMessage; response: ServerResponse }>

const exchanges = new WeakMap<Socket, Exchange>()

/** Returns the last request that began on a connection, and its response. */
export const findLast = (socket: Socket): Exchange | undefined => exchanges.get(socket)

/** Remembers the last exchange: Node reports connection errors without their request. */
export const lastExchange = fastifyPlugin(
  async (app: FastifyInstance) => {
    app.server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      exchanges.set(request.socket, { request, response }),
    )
  },
  { name: 'last-exchange' },
)
