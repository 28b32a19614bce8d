import type { IncomingHttpHeaders } from 'node:http'

/** What the core reads of a request. A `FastifyRequest` has this shape. */
export type ClientRequest = Readonly<{
  /** address of the client; absent over a Unix socket */
  ip?: string
  headers: IncomingHttpHeaders
  /** names and values in turn, as received: Node shows only the first of several equal headers */
  raw: { readonly rawHeaders: string[] }
}>
