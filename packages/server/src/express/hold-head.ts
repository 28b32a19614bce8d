// oxlint-disable no-underscore-dangle -- these are the names of Node's own members
import { validateHeaderValue, type ServerResponse } from 'node:http'
import { EXPOSE_HEADERS } from '../core/expose-headers.ts'
import type { HeaderField, PendingRenewal } from '../core/guard.ts'

/** The callbacks are called when the chunk is written, as those of `write` are. */
type Chunk = { data: string | Uint8Array; encoding: unknown; callback: unknown }

/**
 * How Node keeps a response whose turn on a pipelined connection has not come. Node has had these
 * members since version 12, without documentation.
 */
type OutgoingMessage = {
  _header: string | null
  _headerSent: boolean
  outputData: Chunk[]
  outputSize: number
  _send(data: Chunk['data'], encoding?: unknown, callback?: unknown, byteLength?: number): boolean
  _onPendingData(delta: number): void
  _flush(): void
  _flushOutput(socket: unknown): unknown
}

/**
 * Lets `renewal` add its fields to the head of a 2xx immediately before it leaves. Until then the
 * response waits in Node's own queue, like one on a pipelined connection: for the handler and for
 * every library, the head is sent, `write` returns false above the high-water mark, and a second
 * response is an error.
 *
 * It is not called for other statuses, for clients that have left, nor if the handler takes over
 * the socket. Informational responses (1xx) pass.
 *
 * Changes nothing if `canHoldHead` is false.
 */
export function holdHead(response: ServerResponse, renewal: PendingRenewal): void {
  const message: Partial<OutgoingMessage> = response as unknown as OutgoingMessage
  if (!hasQueue(message)) return
  const send = message._send

  message._send = (data, encoding, callback, byteLength) => {
    restore(message, { _send: send })
    const head = message._header
    const canRead = response.socket === null || response.socket.writable
    if (head === null || message._headerSent || response.destroyed || !canRead || !isSuccess(head))
      return send.call(message, data, encoding, callback, byteLength)

    const release = hold(response, message)
    void renewal({ exposedHeaders: findField(head, EXPOSE_HEADERS) })
      .then((fields) => addFields(head, fields))
      .catch(() => head)
      .then(release)
    return message._send(data, encoding, callback, byteLength)
  }
}

/** Whether `holdHead` can hold the head of this response. */
export const canHoldHead = (response: ServerResponse) =>
  hasQueue(response as unknown as Partial<OutgoingMessage>)

const hasQueue = (message: Partial<OutgoingMessage>): message is OutgoingMessage =>
  typeof message._send === 'function' &&
  typeof message._onPendingData === 'function' &&
  typeof message._flush === 'function' &&
  typeof message._flushOutput === 'function' &&
  Array.isArray(message.outputData)

/** Keeps everything in the queue. Returns the function that sends it, after the given head. */
function hold(response: ServerResponse, message: OutgoingMessage): (head: string) => void {
  const { _send, _flush, _flushOutput } = message
  const enqueue = (chunk: Chunk, method: 'push' | 'unshift') => {
    message.outputData[method](chunk)
    message.outputSize += chunk.data.length
    message._onPendingData(chunk.data.length)
  }
  message._send = (data, encoding, callback) => {
    if (response.destroyed) return false
    enqueue({ data, encoding, callback }, 'push')
    return message.outputSize < response.writableHighWaterMark
  }
  // Node flushes the queue when the turn of this response comes, and before a 1xx.
  message._flush = () => {}
  message._flushOutput = () => undefined
  const letGo = keepSocket(response)

  return (head) => {
    restore(message, { _send, _flush, _flushOutput })
    message._header = head
    message._headerSent = true
    enqueue({ data: head, encoding: 'latin1', callback: null }, 'unshift')
    letGo()
    message._flush()
  }
}

/**
 * Express destroys the socket when a handler throws after its response. Without the wait, that
 * response would have left before. So the socket is destroyed after a complete response.
 */
function keepSocket(response: ServerResponse): () => void {
  const { socket } = response
  if (socket === null) return () => {}
  const { destroy } = socket
  let destroyLater = false
  const own = Object.getOwnPropertyDescriptor(socket, 'destroy')
  socket.destroy = (error) => {
    if (error || !response.writableEnded || !socket.writable) return destroy.call(socket, error)
    destroyLater = true
    return socket
  }
  return () => {
    if (own === undefined) Reflect.deleteProperty(socket, 'destroy')
    else Object.defineProperty(socket, 'destroy', own)
    if (!destroyLater) return
    if (socket.writable) response.once('finish', () => socket.destroySoon())
    else socket.destroy()
  }
}

/** Methods of the prototype are uncovered, others are put back. */
function restore(message: OutgoingMessage, methods: Partial<OutgoingMessage>): void {
  const prototype = Object.getPrototypeOf(message) as Partial<OutgoingMessage>
  for (const [name, method] of Object.entries(methods) as [keyof OutgoingMessage, unknown][])
    if (prototype[name] === method) Reflect.deleteProperty(message, name)
    else Reflect.set(message, name, method)
}

/** Whether the status line is that of a 2xx. `statusCode` may have changed since. */
const isSuccess = (head: string) => /^HTTP\/1\.\d 2\d\d /.test(head)

const nameOf = (line: string) => line.slice(0, line.indexOf(':')).toLowerCase()

function findField(head: string, name: string): string | undefined {
  const values = head
    .split('\r\n')
    .filter((line) => nameOf(line) === name)
    .map((line) => line.slice(name.length + 1).trim())
  return values.length === 0 ? undefined : values.join(', ')
}

/** Throws for a value with characters that a header field cannot have. */
function addFields(head: string, fields: readonly HeaderField[]): string {
  for (const [name, value] of fields) validateHeaderValue(name, value)
  const replaced = new Set(fields.map(([name]) => name).filter((name) => name !== 'set-cookie'))
  const [statusLine = '', ...lines] = head.slice(0, -'\r\n\r\n'.length).split('\r\n')
  return [
    statusLine,
    ...lines.filter((line) => !replaced.has(nameOf(line))),
    ...fields.map(([name, value]) => `${name}: ${value}`),
    '\r\n',
  ].join('\r\n')
}
