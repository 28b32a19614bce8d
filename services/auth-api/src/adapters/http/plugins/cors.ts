import fastifyCors, { type FastifyCorsOptions } from '@fastify/cors'
import { HEADERS } from '@auto-refresh/contracts'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { HttpSettings } from '../http-deps.ts'

export type CorsSettings = Pick<HttpSettings, 'allowedOrigins' | 'standalone'>

const LOOPBACK_ORIGIN = /^http:\/\/(?:localhost|127\.0\.0\.1)(?::\d{1,5})?$/
/** OpenTelemetry and Sentry add these to all requests of a page. */
const TRACE_HEADERS = ['traceparent', 'tracestate', 'baggage', 'sentry-trace']
const RULES = {
  methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
  allowedHeaders: [
    'Authorization',
    'Content-Type',
    HEADERS.refreshToken,
    HEADERS.csrfProof,
    HEADERS.idempotencyKey,
    HEADERS.requestId,
    ...TRACE_HEADERS,
  ],
  exposedHeaders: [
    HEADERS.tokenRefreshed,
    HEADERS.newAccessToken,
    HEADERS.newRefreshToken,
    'retry-after',
    HEADERS.requestId,
  ],
  maxAge: 600,
  strictPreflight: false,
} satisfies FastifyCorsOptions

type Decision = { origin: false } | (typeof RULES & { origin: string; credentials?: true })

/**
 * Decides which pages may read our responses. A listed origin is matched exactly and gets
 * credentials. `*` is never sent.
 */
function decideCors(
  origin: string | undefined,
  { allowedOrigins, standalone }: CorsSettings,
): Decision {
  if (origin === undefined) return { origin: false }
  if (allowedOrigins.includes(origin)) return { ...RULES, origin, credentials: true }
  const ownMachine = standalone && allowedOrigins.length === 0 && LOOPBACK_ORIGIN.test(origin)
  return ownMachine ? { ...RULES, origin } : { origin: false }
}

/** Returns the CORS headers for responses that Fastify does not send. */
export function toCorsHeaders(
  origin: string | undefined,
  settings: CorsSettings,
): Record<string, string> {
  const decision = decideCors(origin, settings)
  if (decision.origin === false) return { vary: 'Origin' }
  return {
    vary: 'Origin',
    'access-control-allow-origin': decision.origin,
    ...(decision.credentials ? { 'access-control-allow-credentials': 'true' } : {}),
    'access-control-expose-headers': decision.exposedHeaders.join(', '),
  }
}

/** Sets the CORS headers and responds to preflight requests. */
export const cors = fastifyPlugin(
  async (app: FastifyInstance, settings: CorsSettings) => {
    await app.register(fastifyCors, {
      delegator: (request, done) => done(null, decideCors(request.headers.origin, settings)),
    })
  },
  { name: 'cors' },
)
