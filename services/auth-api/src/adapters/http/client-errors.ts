import type { Socket } from 'node:net'
import { CodedError, HEADERS, toErrorEnvelope, type ErrorCode } from '@auto-refresh/contracts'
import type { CreateId } from '../../ports.ts'

const CODES = new Map<string | undefined, ErrorCode>([
  ['HPE_HEADER_OVERFLOW', 'headers_too_large'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'payload_too_large'],
])
const REASONS: Partial<Record<number, string>> = { 400: 'Bad Request', 413: 'Payload Too Large', 431: 'Request Header Fields Too Large' }

/** Answers what Node's parser refuses, or what came too slowly, before any request exists; and hangs up. */
export function createClientErrorHandler({ createId }: { createId: CreateId }) {
  return (error: Error & { code?: string }, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const coded = new CodedError(CODES.get(error.code) ?? 'invalid_request')
    const id = createId()
    const body = JSON.stringify(toErrorEnvelope(coded, id))
    socket.write(
      `HTTP/1.1 ${coded.statusCode} ${REASONS[coded.statusCode] ?? 'Bad Request'}\r\n` +
        'content-type: application/json; charset=utf-8\r\ncache-control: no-store, private\r\nconnection: close\r\n' +
        `${HEADERS.requestId}: ${id}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
    socket.destroySoon()
  }
}
