import fastifyCors, { type FastifyCorsOptions } from '@fastify/cors'
import { HEADERS } from '@auto-refresh/contracts'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { HttpSettings } from './http-deps.ts'

type CorsSettings = Pick<HttpSettings, 'allowedOrigins' | 'standalone'>

const LOOPBACK_ORIGIN = /^http:\/\/(?:localhost|127\.0\.0\.1)(?::\d{1,5})?$/
const RULES = {
  methods: ['GET', 'HEAD', 'POST', 'DELETE'],
  allowedHeaders: ['Authorization', 'Content-Type', HEADERS.refreshToken, HEADERS.csrfProof, HEADERS.idempotencyKey],
  exposedHeaders: [HEADERS.tokenRefreshed, HEADERS.newAccessToken, HEADERS.newRefreshToken, 'retry-after', HEADERS.requestId],
  maxAge: 600,
  strictPreflight: false,
} satisfies FastifyCorsOptions

/** Which pages may read our answers. A listed origin is matched exactly and gets credentials; nobody ever gets `*`. */
function decideCors(origin: string | undefined, { allowedOrigins, standalone }: CorsSettings): FastifyCorsOptions {
  if (origin === undefined) return { origin: false }
  if (allowedOrigins.includes(origin)) return { ...RULES, origin, credentials: true }
  const ownMachine = standalone && allowedOrigins.length === 0 && LOOPBACK_ORIGIN.test(origin)
  return ownMachine ? { ...RULES, origin } : { origin: false }
}

export const cors = fastifyPlugin(
  async (app: FastifyInstance, settings: CorsSettings) => {
    await app.register(fastifyCors, { delegator: (request, done) => done(null, decideCors(request.headers.origin, settings)) })
  },
  { name: 'cors' },
)
