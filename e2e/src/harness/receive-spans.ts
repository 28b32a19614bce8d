import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

type Attributes = { key: string; value: Record<string, unknown> }[]
type Otlp = {
  resourceSpans: {
    resource: { attributes: Attributes }
    scopeSpans: {
      spans: {
        name: string
        kind: number
        traceId: string
        spanId: string
        parentSpanId?: string
        startTimeUnixNano: string
        attributes: Attributes
        links: { traceId: string; spanId: string }[]
      }[]
    }[]
  }[]
}
export type ReceivedSpan = {
  service: unknown
  name: string
  kind: string
  traceId: string
  spanId: string
  parentSpanId: string | undefined
  attributes: Record<string, unknown>
  links: string[]
}

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']

/** A collector that receives OTLP over HTTP and decodes JSON. */
export async function receiveSpans() {
  const spans: ReceivedSpan[] = []
  const posts: { path: string | undefined; contentType: string | undefined; body: Buffer }[] = []
  const server = createServer(async (request, response) => {
    const contentType = request.headers['content-type']
    const body = await buffer(request)
    posts.push({ path: request.url, contentType, body })
    if (contentType === 'application/json')
      spans.push(...toSpans(JSON.parse(body.toString()) as Otlp))
    response
      .writeHead(200, { 'content-type': contentType })
      .end(contentType === 'application/json' ? '{}' : '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    posts,
    ofTrace: (traceId: string) => spans.filter((span) => span.traceId === traceId),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function toSpans({ resourceSpans }: Otlp): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap((scope) =>
      scope.spans.map(({ name, kind, traceId, spanId, parentSpanId, attributes, links }) => ({
        service: toRecord(resource.attributes)['service.name'],
        name,
        kind: KINDS[kind] ?? '',
        traceId,
        spanId,
        parentSpanId,
        attributes: toRecord(attributes),
        links: links.map((link) => link.spanId),
      })),
    ),
  )
}

const toRecord = (attributes: Attributes) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
