import { CodedError, type AnyEvent, type AccessTokenClaims } from '@auto-refresh/contracts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { createEventStreams } from './create-event-streams.ts'
import { readPageFiles, type PageFile } from './read-page-files.ts'
import type { PlaygroundSettings } from './playground-settings.ts'

declare module 'fastify' {
  interface FastifySchema {
    /** hides the route in the API reference (`@fastify/swagger`) */
    hide?: boolean
  }
}

export type PlaygroundOptions = Readonly<{
  settings: PlaygroundSettings
  checkAccessToken: (
    token: string | undefined,
  ) => Promise<
    | { outcome: 'valid' | 'expired' | 'revoked'; claims: AccessTokenClaims }
    | { outcome: 'missing' | 'invalid' | 'retired' }
  >
  subscriber: {
    subscribe(options: {
      group: string
      topics: readonly string[]
      handleBatch: (events: readonly AnyEvent[]) => Promise<void>
    }): Promise<{ close(): Promise<void> }>
  }
  topics: readonly string[]
  /** decides which requests see the page; all others get a 404 */
  isServedTo: (request: FastifyRequest) => boolean
}>

/** Allows resources of our own origin only, no inline scripts, and no text as HTML. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

/**
 * Serves a page at `/` on which a new user signs in, watches the tokens and steals one;
 * `/playground/events` streams the user's events.
 */
export const playground = fastifyPlugin(
  async (
    app: FastifyInstance,
    { settings, checkAccessToken, subscriber, topics, isServedTo }: PlaygroundOptions,
  ) => {
    const onRequest = async (request: FastifyRequest) => {
      if (!isServedTo(request)) throw new CodedError('not_found')
    }
    const hidden = { schema: { hide: true }, onRequest }
    const files = readPageFiles()
    const answer = (reply: FastifyReply, file: PageFile | undefined) => {
      if (file === undefined) throw new CodedError('not_found')
      return reply
        .headers({
          'content-security-policy': PAGE_POLICY,
          'content-type': file.contentType,
          'cache-control': 'no-store',
        })
        .send(file.body)
    }
    app.get('/', hidden, async (_, reply) => answer(reply, files.get('/playground/index.html')))
    app.get('/playground/*', hidden, async ({ url }, reply) =>
      answer(reply, files.get(url.split('?', 1)[0] ?? '')),
    )
    app.get('/playground/settings', hidden, async () => settings)

    const streams = createEventStreams()
    const subscription = await subscriber.subscribe({
      group: 'playground',
      topics,
      handleBatch: async (events) => streams.publish(events),
    })
    app.addHook('preClose', async () => streams.endAll())
    app.addHook('onClose', () => subscription.close())

    app.get('/playground/events', { ...hidden, exposeHeadRoute: false }, async (request, reply) => {
      // EventSource cannot send Authorization, so the page reads the stream with fetch
      const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
      const access = await checkAccessToken(token)
      if (access.outcome === 'retired') throw new CodedError('access_token_expired')
      if (access.outcome !== 'valid') throw new CodedError(`access_token_${access.outcome}`)
      const isStillAllowed = async () => (await checkAccessToken(token)).outcome === 'valid'
      const body = streams.open({ userId: access.claims.sub, isStillAllowed })
      if (body === undefined) throw new CodedError('unavailable')
      return reply.header('content-type', 'text/event-stream').send(body)
    })
  },
  { name: 'playground' },
)
