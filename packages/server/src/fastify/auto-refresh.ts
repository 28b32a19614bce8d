import type { FastifyPluginAsync } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { AutoRefreshOptions as CoreOptions } from '../core/auto-refresh-options.ts'
import { createAutoRefresh, type AutoRefresh } from '../core/create-auto-refresh.ts'
import type { UserRequirement } from '../core/guard.ts'
import { guardScope } from './guard-scope.ts'
import { sendRefusal } from './send-refusal.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** In the scope where the plugin is registered, and below it. */
    readonly autoRefresh: Pick<AutoRefresh, 'isReady' | 'feedAgeSeconds'>
  }
}

/** Options of `autoRefresh`. It logs to `app.log`. */
export type AutoRefreshOptions = Omit<CoreOptions, 'log'> &
  Readonly<{
    /**
     * whether the routes of this scope need a signed-in user; a route overrides it with
     * `{ config: { user: ... } }`. Default `required`
     */
    user?: UserRequirement | 'none'
    /** property of the request that holds the user; default `user` */
    decorator?: string
  }>

/** Guards the routes of the scope in which it is registered; see `createAutoRefresh`. */
const plugin: FastifyPluginAsync<AutoRefreshOptions> = async (app, options) => {
  const { user, decorator } = options
  const { check, start, stop, isReady, feedAgeSeconds } = createAutoRefresh({
    ...options,
    log: app.log,
  })
  app.decorate('autoRefresh', { isReady, feedAgeSeconds })
  app.addHook('onReady', start)
  app.addHook('onClose', stop)
  guardScope(app, { check, refuse: sendRefusal, user, decorator })
}

/** The Fastify plugin; register it in the scope whose routes need a signed-in user. */
export const autoRefresh: FastifyPluginAsync<AutoRefreshOptions> = fastifyPlugin(plugin, {
  name: '@auto-refresh/server/fastify',
  fastify: '5.x',
})
