import type { IncomingHttpHeaders } from 'node:http'

/** The part of a request that the core reads. A `FastifyRequest` has this shape. */
export type ClientRequest = Readonly<{
  /** id in the log; the refusal and the calls to auth-api name it */
  id?: string
  /** client address; absent over a Unix socket */
  ip?: string
  headers: IncomingHttpHeaders
  /**
   * names and values alternating, as received; Node's `headers` keeps only the first of several
   * equal ones
   */
  raw: { readonly rawHeaders: string[] }
}>
