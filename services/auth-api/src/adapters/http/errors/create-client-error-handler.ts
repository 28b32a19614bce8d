import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { CodedError, HEADERS, toErrorEnvelope, type ErrorCode } from '@auto-refresh/contracts'
import type { CreateId } from '../../../ports/runtime.ts'
import { toCorsHeaders, type CorsSettings } from '../plugins/cors.ts'

const CODES = new Map<string | undefined, ErrorCode>([
  ['HPE_HEADER_OVERFLOW', 'headers_too_large'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'payload_too_large'],
  // caused by a slow or broken network, not by the request
  ['ERR_HTTP_REQUEST_TIMEOUT', 'request_incomplete'],
  ['HPE_INVALID_EOF_STATE', 'request_incomplete'],
])
const REASONS: Partial<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  431: 'Request Header Fields Too Large',
}

/**
 * Returns the Origin header of a raw packet. `undefined` when there are several. Reads only up to
 * the empty line, where the body begins.
 */
function findOrigin(packet: unknown): string | undefined {
  if (!Buffer.isBuffer(packet)) return undefined
  const [head = ''] = packet.toString('latin1').split('\r\n\r\n', 1)
  const found = [...`${head}\r\n`.matchAll(/\r\norigin:[ \t]?(\S+)(?=\r\n)/gi)]
  return found.length === 1 ? found[0]?.[1] : undefined
}

type Exchange = Readonly<{ request: IncomingMessage; response: ServerResponse }>

/**
 * Handles requests that Node's parser rejects or that arrive too slowly, before Fastify sees them:
 * sends an error response and closes the connection. Sends nothing where a client would take it for
 * the response to its next request: on a connection that has sent no byte yet, and after the
 * response to a request whose body never ended.
 */
export function createClientErrorHandler({
  createId,
  settings,
  findLast,
}: {
  createId: CreateId
  settings: CorsSettings
  /** Returns the last exchange that began on a connection. */
  findLast: (socket: Socket) => Exchange | undefined
}) {
  return (error: Error & { code?: string; rawPacket?: unknown }, socket: Socket): void => {
    const last = findLast(socket)
    const hasResponse = last !== undefined && !last.request.complete && last.response.headersSent
    if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesRead === 0 || hasResponse) {
      socket.destroy()
      return
    }
    const coded = new CodedError(CODES.get(error.code) ?? 'invalid_request')
    const id = createId()
    // From the rejected packet only: Node does not keep earlier ones.
    const corsHeaders = Object.entries(toCorsHeaders(findOrigin(error.rawPacket), settings)).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    const body = JSON.stringify(toErrorEnvelope(coded, id))
    socket.write(
      `HTTP/1.1 ${coded.statusCode} ${REASONS[coded.statusCode] ?? 'Bad Request'}\r\n` +
        'content-type: application/json; charset=utf-8\r\ncache-control: no-store, private\r\nconnection: close\r\n' +
        corsHeaders.join('') +
        `${HEADERS.requestId}: ${id}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
    socket.destroySoon()
  }
}
