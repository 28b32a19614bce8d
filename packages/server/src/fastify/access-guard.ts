import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { createGuard, type GuardOptions } from '../core/create-guard.ts'
import { guardScope } from './guard-scope.ts'

/** A refusal is thrown, so that the application's error handler responds to it. */
const plugin: FastifyPluginAsync<GuardOptions<FastifyRequest>> = async (app, options) =>
  guardScope(app, {
    check: createGuard(options).check,
    refuse(error) {
      throw error
    },
  })

/** The guard as a Fastify plugin, for auth-api itself; other back ends use `autoRefresh`. */
export const accessGuard: FastifyPluginAsync<GuardOptions<FastifyRequest>> = fastifyPlugin(plugin, {
  name: '@auto-refresh/access-guard',
  fastify: '5.x',
})
