import { maskTokens } from '@auto-refresh/service-kit/telemetry'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'
import { normalizeAddress } from './normalize-address.ts'
import type { RequestContext } from '../../../ports/request-context.ts'
import { isStraightFromLoopback } from './is-straight-from-loopback.ts'

type Place = Readonly<Pick<RequestContext, 'address' | 'block' | 'network'>>

const MAX_AGENT_LENGTH = 256
const UNKNOWN: Place = { address: 'unknown', block: 'unknown', network: 'unknown' }
/** Of addresses that were seen lately: parsing one costs as much as checking a token. */
const places = new LRUCache<string, Place>({ max: 10_000 })
/** An IPv6 address with brackets, zone and port; longer texts are not kept. */
const LONGEST_ADDRESS = 80

/** Reads where a request comes from, as reported by trusted proxies. */
export function toRequestContext(request: FastifyRequest): RequestContext {
  return {
    ...toPlace(findClientAddress(request)),
    agent: toAgent(request.headers['user-agent']),
    // Only some sign-ins need it.
    get straightFromLoopback() {
      return isStraightFromLoopback(request)
    },
  }
}

/** The same for a user on whose behalf a back end calls. */
export function toForwardedContext(
  { address, agent }: { address: string; agent: string },
  request: FastifyRequest,
): RequestContext {
  return {
    ...toPlace(normalizeAddress(address) === undefined ? findClientAddress(request) : address),
    agent: toAgent(agent),
    straightFromLoopback: false,
    ...(request.actor === undefined ? {} : { actor: request.actor }),
  }
}

/**
 * Returns the client address from the nearest trusted proxy. A value that is no address falls back
 * to the proxy that reported it, because all users with an unknown address would share one limit.
 */
function findClientAddress(request: FastifyRequest): string {
  return (
    (request.ips ?? [request.ip]).findLast((address) => toPlace(address) !== UNKNOWN) ?? request.ip
  )
}

/**
 * Returns address, block and network of an address, without zone, and IPv4 mapped into IPv6 as
 * IPv4. The network (/24 or /48) shows that a token is used from elsewhere, but is too coarse to
 * track a person.
 */
export function toPlace(text: string): Place {
  const known = places.get(text)
  if (known !== undefined) return known
  const place = parsePlace(text)
  // A copy: a part of a header would keep the whole header in memory.
  if (text.length <= LONGEST_ADDRESS) places.set(Buffer.from(text).toString(), place)
  return place
}

function parsePlace(text: string): Place {
  const normalized = normalizeAddress(text)
  if (normalized === undefined) return UNKNOWN
  const known = ipaddr.parse(normalized)
  const address = known.toString()
  if (known instanceof ipaddr.IPv4)
    return {
      address,
      block: `${address}/32`,
      network: `${known.octets.slice(0, 3).join('.')}.0/24`,
    }
  const groups = known.parts.map((part) => part.toString(16))
  return {
    address,
    block: `${groups.slice(0, 4).join(':')}::/64`,
    network: `${groups.slice(0, 3).join(':')}::/48`,
  }
}

/**
 * Cleans a user agent for the database, events and lists. It is masked before it is cut, because
 * half a token would not be recognized.
 */
const toAgent = (text = '') =>
  maskTokens(text.replaceAll(/\p{Cc}/gu, '').toWellFormed()).slice(0, MAX_AGENT_LENGTH)
