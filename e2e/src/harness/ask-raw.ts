import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { valuesOf, type Echo } from './start-echo.ts'

type Envelope = { status: number; data: null; error: { code: string; retryable: boolean } }

/**
 * Sends one request with exactly these header lines (name, value, name, value, ...), and returns
 * the response with its header lines as they came.
 */
export async function askRaw(
  url: string,
  path: string,
  {
    method = 'GET',
    headers = [],
    body,
  }: { method?: string; headers?: string[]; body?: string } = {},
) {
  const { host, hostname, port } = new URL(url)
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const hasHost = headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'host')
  const sent = request(
    {
      hostname,
      port,
      path,
      method,
      agent: false,
      maxHeaderSize: 131_072,
      headers: [
        ...(hasHost ? [] : ['Host', host]),
        ...(body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(body))]),
        ...headers,
      ] as unknown as Record<string, string>,
    },
    resolve,
  )
  sent.once('error', reject).end(body)
  const response = await promise
  const content = await text(response)
  const { rawHeaders } = response
  return {
    status: response.statusCode ?? 0,
    text: content,
    /** The values of all header lines with this name. */
    all: (name: string) => valuesOf(rawHeaders, name),
    /** The body of an error, or what the application received. */
    json: () => JSON.parse(content) as Envelope & Echo,
  }
}
