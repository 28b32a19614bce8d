import { once } from 'node:events'
import { request, type Agent, type IncomingMessage } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/** Ends a test that would hang. */
const DEADLINE_MS = 60_000

export type Sent = Readonly<{
  method?: string
  /** names and values; a name may occur twice */
  headers?: readonly (readonly [name: string, value: string])[]
  body?: string
  agent?: Agent
}>

/** Sends a request and returns the response at its head; `undefined` if there is none. */
export async function open(url: string, { method = 'GET', headers = [], body, agent }: Sent = {}) {
  const length = String(Buffer.byteLength(body ?? ''))
  const own =
    method === 'POST' ? ['content-type', 'application/json', 'content-length', length] : []
  const sent = request(url, {
    method,
    agent: agent ?? false,
    headers: ['host', new URL(url).host, ...headers.flat(), ...own],
  })
  sent.end(body)
  const opened = once(sent, 'response').then(([response]) => response as IncomingMessage)
  return { sent, opened: within(opened, `the head of ${url}`) }
}

/** Sends a request and reads its response to the end; `cut`: the body is incomplete. */
export async function send(url: string, given: Sent = {}) {
  const { opened } = await open(url, given)
  const response = await opened
  let body = ''
  try {
    for await (const chunk of response.setEncoding('utf8')) body += String(chunk)
  } catch {
    // seen below
  }
  const { statusCode: status, headers } = response
  return { status, headers, body, cut: !response.complete }
}

export type Answer = Awaited<ReturnType<typeof send>>

/** Rejects when something does not happen in time. */
export async function within<T>(promised: Promise<T>, what: string): Promise<T> {
  const ended = new AbortController()
  const late = pause(DEADLINE_MS, undefined, { signal: ended.signal }).then(() => {
    throw new Error(`No ${what} within ${DEADLINE_MS} ms`)
  })
  late.catch(() => {})
  return Promise.race([promised, late]).finally(() => ended.abort())
}
