/** Where a request comes from; what cannot be told is `unknown`. */
export type RequestContext = Readonly<{
  /** whole: it stays inside auth-api */
  address: string
  /**
   * what counts as one caller, as a CIDR: an IPv4 address, or the /64 of an IPv6 one, because
   * whoever has one address of it has all
   */
  block: string
  /** the /24 or /48; it travels on, as `agent` does */
  network: string
  agent: string
  straightFromLoopback: boolean
}>
