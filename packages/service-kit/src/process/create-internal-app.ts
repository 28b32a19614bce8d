import { CodedError, ERROR_CODES } from '@auto-refresh/contracts'
import { createRequireKey, draining } from '@auto-refresh/service-kit/http'
import { boundConnections } from '@auto-refresh/service-kit/telemetry'
import Fastify, { type FastifyInstance } from 'fastify'

/**
 * Creates the HTTP server of an internal API, without routes. Every call must carry one of `apiKeys`
 * (INTERNAL_API_KEYS) as bearer token. It is a list so that keys can be rotated without an outage.
 */
export function createInternalApp({
  apiKeys,
  bodyLimit,
  isUp = () => true,
  onError,
}: {
  apiKeys: readonly string[]
  /** bytes */
  bodyLimit: number
  /** if false, every call gets 503, so that the caller asks another replica */
  isUp?: () => boolean
  onError: (error: unknown) => void
}): FastifyInstance {
  const app = Fastify({
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    bodyLimit,
    requestTimeout: 10_000,
    http: { headersTimeout: 5_000, connectionsCheckingInterval: 1_000 },
    return503OnClosing: false,
  })
  boundConnections(app)
  app.removeContentTypeParser('text/plain')

  void app.register(draining)

  const requireKey = createRequireKey(apiKeys)
  app.addHook('onRequest', async (request) => {
    await requireKey(request)
    if (!isUp()) throw new CodedError('unavailable')
  })

  app.setErrorHandler((error: unknown, request, reply) => {
    const { code, detail } = toCode(error)
    if (code === 'unavailable') onError(error)
    const { status, retryable, message } = ERROR_CODES[code]
    return reply.code(status).send({
      status,
      message: detail ?? message,
      data: null,
      error: { code, retryable, request_id: request.id },
    })
  })
  app.setNotFoundHandler(() => {
    throw new CodedError('not_found')
  })
  return app
}

function toCode(error: unknown): { code: keyof typeof ERROR_CODES; detail?: string } {
  if (error instanceof CodedError) return { code: error.code }
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : 500
  if (error instanceof Error && 'validation' in error)
    return { code: 'invalid_request', detail: error.message }
  if (status === 413) return { code: 'payload_too_large' }
  if (status === 415) return { code: 'unsupported_media_type' }
  return { code: typeof status === 'number' && status < 500 ? 'invalid_request' : 'unavailable' }
}
