import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { HttpDeps } from '../http-deps.ts'

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS'])
const LIKELY_CLASSES = ['2xx', '4xx', '5xx']

/**
 * Measures every response under the pattern of its route, so that labels stay bounded. All routes
 * start at 0, so that the first failure of a quiet replica shows as an increase.
 */
export const requestMetrics = fastifyPlugin(
  async (app: FastifyInstance, { metrics }: Pick<HttpDeps, 'metrics'>) => {
    app.addHook('onRoute', ({ url: route, method: methods, schema }) => {
      if (schema?.hide === true) return
      for (const method of [methods].flat()) {
        if (method === 'HEAD' || !METHODS.has(method)) continue
        for (const status_class of LIKELY_CLASSES)
          metrics.httpRequestDuration.zero({ route, method, status_class })
      }
    })
    app.addHook('onResponse', async (request, reply) => {
      // An event stream lasts as long as its client, so its duration says nothing.
      if (reply.getHeader('content-type') === 'text/event-stream') return
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
