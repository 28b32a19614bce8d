import { Readable } from 'node:stream'
import { autoRefresh, requireRole, type AutoRefreshOptions } from '@auto-refresh/server/fastify'
import cors from '@fastify/cors'
import Fastify, { type FastifyServerOptions } from 'fastify'
import { CASES } from './cases.ts'

const LOOPBACK_PAGES = /^http:\/\/(?:localhost|127\.0\.0\.1)(?::\d{1,5})?$/
/** Headers that a page may send; `autoRefresh` exposes the response headers. */
const REQUEST_HEADERS = ['Authorization', 'Content-Type', 'X-Refresh-Token']

/**
 * An example back end: cases that only a signed-in user may see, and a copy of all cases for
 * admins.
 */
export function buildCasesApi({
  origins,
  auth,
  server = {},
}: {
  /**
   * origins of pages that may call it, with the cookie; by default every page of this machine,
   * without the cookie
   */
  origins: readonly string[]
  auth: AutoRefreshOptions
  server?: FastifyServerOptions
}) {
  const app = Fastify(server)
  void app.register(cors, {
    ...(origins.length > 0
      ? { origin: [...origins], credentials: true }
      : { origin: LOOPBACK_PAGES }),
    allowedHeaders: REQUEST_HEADERS,
    exposedHeaders: ['Retry-After', 'X-Request-Id'],
  })

  let isReady = () => false
  app.get('/readyz', async (_, reply) =>
    reply.code(isReady() ? 200 : 503).send({ ready: isReady() }),
  )

  // Every route registered here needs a live access token.
  void app.register(async (guarded) => {
    await guarded.register(autoRefresh, auth)
    isReady = () => guarded.autoRefresh.isReady()

    guarded.get('/api/v1/cases', async ({ user }) => ({
      status: 200,
      message: `Cases of ${user.username}`,
      data: CASES,
    }))

    guarded.get<{ Params: { id: string } }>('/api/v1/cases/:id', async ({ params }, reply) => {
      const found = CASES.find(({ id }) => id === params.id)
      if (found === undefined)
        return reply.code(404).send({ status: 404, message: 'Case not found', data: null })
      return { status: 200, message: 'Case retrieved', data: found }
    })

    guarded.get('/api/v1/cases/export', { preHandler: requireRole('admin') }, async (_, reply) =>
      reply.type('text/csv').send(Readable.from(CASES.map(({ id, title }) => `${id},${title}\n`))),
    )
  })
  return app
}
