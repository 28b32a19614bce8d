import { HEADERS } from '@auto-refresh/contracts'
import { maskTokens } from '@auto-refresh/service-kit/telemetry'
import type { FastifyHttpOptions, RawServerDefault } from 'fastify'
import { createClientErrorHandler } from './errors/create-client-error-handler.ts'
import { createIsTrusted } from './request/create-is-trusted.ts'
import type { HttpDeps } from './http-deps.ts'
import { findLast } from './plugins/last-exchange.ts'
import type { SendError } from './errors/send-error.ts'

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/
const BODY_BYTES = 8192
/** Node's limit for all headers, so a URL cannot be longer. */
const URL_BYTES = 16_384

/**
 * Returns the options of the Fastify server. Its defaults have no timeouts, coerce types and drop
 * unknown properties silently. Slow clients are cut after 5 s of headers or 10 s of request,
 * checked every second.
 */
export function toServerOptions(
  { settings, createId }: Pick<HttpDeps, 'settings' | 'createId'>,
  sendError: SendError,
) {
  return {
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    bodyLimit: BODY_BYTES,
    requestTimeout: 10_000,
    // Longer than `requestTimeout`, so that a slow request gets a response.
    connectionTimeout: 15_000,
    // `requestGuard` checks the Host; Node would respond with a bare 400.
    http: { headersTimeout: 5000, connectionsCheckingInterval: 1000, requireHostHeader: false },
    trustProxy:
      settings.trustedProxies.length === 0 ? false : createIsTrusted(settings.trustedProxies),
    // Responses of the router itself have none of our headers. So the schema checks the length of
    // ids, and `requestGuard` checks paths that cannot be decoded.
    routerOptions: { maxParamLength: URL_BYTES },
    rewriteUrl: ({ url = '/' }) => (isReadable(url) ? url : '/'),
    // While draining, new requests are still served.
    return503OnClosing: false,
    genReqId: ({ headers }) => {
      const given = headers[HEADERS.requestId]
      // A token in this header must not get into logs or responses.
      return typeof given === 'string' && REQUEST_ID.test(given) && maskTokens(given) === given
        ? given
        : createId()
    },
    clientErrorHandler: createClientErrorHandler({ createId, settings, findLast }),
    frameworkErrors: sendError,
  } satisfies FastifyHttpOptions<RawServerDefault>
}

function isReadable(url: string): boolean {
  try {
    decodeURIComponent(url.split('?', 1)[0] ?? '')
    return true
  } catch {
    return false
  }
}
