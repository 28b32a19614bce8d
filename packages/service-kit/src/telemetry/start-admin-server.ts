import { fastify } from 'fastify'
import { boundConnections } from './bound-connections.ts'
import type { Metrics } from './metrics.ts'

/**
 * Serves `/metrics`, `/healthz` and `/readyz`, listed at `/`, on a port separate from the public one.
 * `isReady` returns `true` or the reasons why not. A dependency that becomes unavailable later is no
 * reason: the load balancer would respond in place of the coded 503.
 */
export async function startAdminServer({
  host,
  port,
  version,
  metrics,
  isReady,
}: {
  host: string
  port: number
  version: string
  metrics: Metrics
  isReady: () => true | readonly string[]
}): Promise<{ url: string; close(): Promise<void> }> {
  const app = fastify({
    requestTimeout: 5000,
    connectionTimeout: 10_000,
    bodyLimit: 1024,
    forceCloseConnections: true,
    http: { headersTimeout: 5000 },
  })
  boundConnections(app)

  app.get('/', () => ({ paths: ['/metrics', '/healthz', '/readyz'] }))
  app.get('/metrics', async ({ headers }, reply) => {
    const { contentType, text } = await metrics.scrape({ accept: headers.accept })
    return reply.header('content-type', contentType).send(text)
  })
  app.get('/healthz', () => ({ status: 'alive', version }))
  app.get('/readyz', (_, reply) => {
    const ready = isReady()
    return reply
      .code(ready === true ? 200 : 503)
      .send(ready === true ? { status: 'ready' } : { status: 'not_ready', reasons: ready })
  })

  return { url: await app.listen({ host, port }), close: () => app.close() }
}
