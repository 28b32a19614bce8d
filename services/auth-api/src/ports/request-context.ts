import type { Actor } from './actor.ts'

/** Where a request comes from. Parts that cannot be determined are `unknown`. */
export type RequestContext = Readonly<{
  /** the full address; it never leaves auth-api */
  address: string
  /**
   * what counts as one caller, as a CIDR: an IPv4 address, or the /64 of an IPv6 address, because a
   * customer usually has the whole /64
   */
  block: string
  /** the /24 (IPv4) or /48 (IPv6); it goes to token-store and into events, as `agent` does */
  network: string
  agent: string
  /** nothing in the request shows a proxy or another machine */
  straightFromLoopback: boolean
  /** who sends the request on behalf of a user; absent: the user */
  actor?: Actor
}>
