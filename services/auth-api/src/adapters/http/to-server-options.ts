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
/** A URL cannot be longer: Node's limit for all headers. */
const URL_BYTES = 16_384

/**
 * Fastify's own defaults wait for ever, turn numbers into texts and drop unknown properties in
 * silence. A slow client is cut after 5 s of headers or 10 s of request, looked for every second.
 */
export function toServerOptions(
  { settings, createId }: Pick<HttpDeps, 'settings' | 'createId'>,
  sendError: SendError,
) {
  return {
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    bodyLimit: BODY_BYTES,
    requestTimeout: 10_000,
    // longer, so that a slow request is told why
    connectionTimeout: 15_000,
    // without the Host check Node's own bare 400 would stand in for ours
    http: { headersTimeout: 5000, connectionsCheckingInterval: 1000, requireHostHeader: false },
    trustProxy:
      settings.trustedProxies.length === 0 ? false : createIsTrusted(settings.trustedProxies),
    // what the router would refuse by itself gets no header of ours: a long id is left to its
    // schema, a broken path to the guard
    routerOptions: { maxParamLength: URL_BYTES },
    rewriteUrl: ({ url = '/' }) => (isReadable(url) ? url : '/'),
    // while draining, a request that still arrives is answered
    return503OnClosing: false,
    genReqId: ({ headers }) => {
      const given = headers[HEADERS.requestId]
      // Whoever sends a token there finds it in no log and in no answer.
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
