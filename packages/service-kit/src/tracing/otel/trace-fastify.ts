import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Span } from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { decideSampling, type Sampling } from '../decide-sampling.ts'
import { parseTraceparent } from '../traceparent.ts'
import { endSpan, readParent, type Spans } from './create-spans.ts'

/** Fastify publishes each new application here, before anything is added to it. */
const CHANNEL = 'fastify.initialization'

const toStatus = (status: number) => ({
  'http.response.status_code': status,
  ...(status >= 500 && { 'error.type': String(status) }),
})

/**
 * Creates a server span for each sampled request, named by its route pattern, never by input.
 * Returns a function that stops it.
 */
export function traceFastify({
  spans,
  sampling,
}: {
  spans: Spans
  sampling: Sampling
}): () => void {
  const ofRequest = new WeakMap<FastifyRequest, Span>()

  function begin(request: FastifyRequest): Span | undefined {
    const { traceparent } = request.headers
    const given = Array.isArray(traceparent) ? undefined : traceparent
    const route = request.routeOptions.url
    if (
      !decideSampling(
        {
          route: route ?? '',
          parentSampled: parseTraceparent(given)?.sampled,
          random: Math.random(),
        },
        sampling,
      )
    )
      return undefined
    const { method } = request
    const attributes = {
      'http.request.method': method,
      'url.scheme': request.protocol,
      ...(route !== undefined && { 'http.route': route }),
    }
    return spans.start('server', route === undefined ? method : `${method} ${route}`, {
      attributes,
      parent: readParent(given),
    })
  }

  /** Restores the current span, which is lost while the body is read and the response is sent. */
  function restoreSpan(request: FastifyRequest, _reply: unknown, done: () => void): void {
    const span = ofRequest.get(request)
    if (span === spans.current()) done()
    else spans.run(span, done)
  }

  function add(message: unknown): void {
    const { fastify } = message as { fastify: FastifyInstance }
    fastify.addHook('onRequest', (request, reply, done) => {
      const span = begin(request)
      if (span !== undefined) {
        ofRequest.set(request, span)
        // also if the client disconnects; then there is no status
        reply.raw.once('close', () =>
          endSpan(span, reply.raw.headersSent ? toStatus(reply.raw.statusCode) : {}),
        )
      }
      restoreSpan(request, reply, done)
    })
    fastify.addHook('preValidation', restoreSpan)
    fastify.addHook('onResponse', restoreSpan)
  }

  subscribe(CHANNEL, add)
  return () => void unsubscribe(CHANNEL, add)
}
