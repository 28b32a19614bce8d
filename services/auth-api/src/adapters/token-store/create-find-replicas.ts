import { isIP } from 'node:net'

/** One replica of token-store: a configured URL, and one of the addresses of its host. */
export type Endpoint = Readonly<{ url: string; address: string }>
/** Returns all addresses of a host name. */
export type Lookup = (hostname: string) => Promise<readonly string[]>
export type FindReplicas = () => Promise<readonly Endpoint[]>

const FRESH_MS = 2000

/**
 * Creates the function that returns the current replicas of token-store. Names are looked up again
 * in the background when the last result is older than 2 s; only the first lookup is awaited. A
 * name whose lookup fails keeps its addresses. The result is the same array until a lookup ends.
 * Throws when no address is known.
 */
export function createFindReplicas({
  urls,
  lookup,
  nowMs,
}: {
  urls: readonly string[]
  lookup: Lookup
  nowMs(): number
}): FindReplicas {
  const known = new Map<string, readonly string[]>()
  let endpoints: readonly Endpoint[] | undefined
  let askedMs = -Infinity
  let asking: Promise<unknown> | undefined

  async function ask(url: string): Promise<void> {
    const hostname = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')
    const addresses = isIP(hostname) > 0 ? [hostname] : await lookup(hostname)
    if (addresses.length === 0) return
    known.set(url, addresses)
    endpoints = undefined
  }

  async function askAll(): Promise<void> {
    askedMs = nowMs()
    const outcomes = await Promise.allSettled(urls.map(ask))
    asking = undefined
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (known.size === 0)
      throw new Error('The host names resolve to no address', { cause: failed?.reason })
  }

  return async () => {
    if (known.size === 0) await (asking ??= askAll())
    else if (nowMs() - askedMs >= FRESH_MS) asking ??= askAll()
    return (endpoints ??= [...known].flatMap(([url, addresses]) =>
      addresses.map((address) => ({ url, address })),
    ))
  }
}
