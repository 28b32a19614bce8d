import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Span } from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { decideSampling, type Sampling } from '../decide-sampling.ts'
import { parseTraceparent } from '../traceparent.ts'
import { endSpan, readParent, type Spans } from './create-spans.ts'

/** Fastify tells of each application that is made, before anybody adds to it. */
const CHANNEL = 'fastify.initialization'

const toStatus = (status: number) => ({
  'http.response.status_code': status,
  ...(status >= 500 && { 'error.type': String(status) }),
})

/**
 * A server span for each request that is sampled, named by the pattern of its route: never by what
 * the caller wrote.
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

  /**
   * Reading a body leaves the span behind, and so does sending the answer: what comes after each is
   * led back to it.
   */
  function goOn(request: FastifyRequest, _reply: unknown, done: () => void): void {
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
        // also when the caller goes away, who then has no status
        reply.raw.once('close', () =>
          endSpan(span, reply.raw.headersSent ? toStatus(reply.raw.statusCode) : {}),
        )
      }
      goOn(request, reply, done)
    })
    fastify.addHook('preValidation', goOn)
    fastify.addHook('onResponse', goOn)
  }

  subscribe(CHANNEL, add)
  return () => void unsubscribe(CHANNEL, add)
}
