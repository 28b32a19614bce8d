import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { HttpDeps } from './http-deps.ts'

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS'])

/** Observes every answer under the pattern of its route, never under the path itself: labels stay bounded. */
export const requestMetrics = fastifyPlugin(
  async (app: FastifyInstance, { metrics }: Pick<HttpDeps, 'metrics'>) => {
    app.addHook('onResponse', async (request, reply) => {
      const labels = {
        route: request.routeOptions.url ?? 'unmatched',
        method: METHODS.has(request.method) ? request.method : 'other',
        status_class: `${Math.floor(reply.statusCode / 100)}xx`,
      }
      metrics.httpRequestDuration.observe(labels, reply.elapsedTime / 1000)
    })
  },
  { name: 'request-metrics' },
)
