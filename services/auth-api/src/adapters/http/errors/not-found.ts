import { CodedError } from '@auto-refresh/contracts'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

/**
 * Responds 404 for an unknown path, and 405 with `Allow` for a known path with another method
 * (where Fastify would respond 404 too).
 */
export const notFound = fastifyPlugin(
  async (app: FastifyInstance) => {
    const known = new Map<string, { pattern: RegExp; methods: Set<string> }>()

    app.addHook('onRoute', ({ url, method }) => {
      const methods = [method].flat().filter((name) => name !== 'OPTIONS')
      if (methods.length === 0) return
      const route = known.get(url) ?? { pattern: toPattern(url), methods: new Set() }
      for (const name of methods) route.methods.add(name)
      known.set(url, route)
    })

    app.setNotFoundHandler(async (request, reply) => {
      const path = request.url.split('?', 1)[0] ?? ''
      const allow = new Set(
        [...known.values()].flatMap(({ pattern, methods }) =>
          pattern.test(path) ? [...methods] : [],
        ),
      )
      // A route may throw this itself, for example for a missing file of the API reference.
      if (allow.size === 0 || allow.has(request.method)) throw new CodedError('not_found')
      reply.header('allow', [...allow, 'OPTIONS'].join(', '))
      if (request.method === 'OPTIONS') return reply.code(204).send()
      throw new CodedError('method_not_allowed')
    })
  },
  { name: 'not-found' },
)

const toPattern = (url: string) =>
  new RegExp(
    `^${url
      .replaceAll('.', '\\.')
      .replaceAll(/:[^/]+/g, '[^/]+')
      .replaceAll('*', '.*')}$`,
  )
