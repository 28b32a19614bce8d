import { maskTokens } from '@auto-refresh/service-kit/telemetry'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'
import { normalizeAddress } from './normalize-address.ts'
import type { RequestContext } from '../../../ports/request-context.ts'
import { isStraightFromLoopback } from './is-straight-from-loopback.ts'

const MAX_AGENT_LENGTH = 256

/** Where a request comes from, as far as trusted proxies can tell. */
export function toRequestContext(request: FastifyRequest): RequestContext {
  return {
    ...toPlace(findClientAddress(request)),
    agent: toAgent(request.headers['user-agent']),
    straightFromLoopback: isStraightFromLoopback(request),
  }
}

/** The same of somebody for whom a back end asks. */
export function toForwardedContext(
  { address, agent }: { address: string; agent: string },
  request: FastifyRequest,
): RequestContext {
  return {
    ...toPlace(normalizeAddress(address) === undefined ? findClientAddress(request) : address),
    agent: toAgent(agent),
    straightFromLoopback: false,
  }
}

/**
 * The client as the nearest trusted proxy wrote it. What is no address falls back to the one that
 * reported it: all users of one name for "unknown" would share their limits.
 */
function findClientAddress(request: FastifyRequest): string {
  return (
    (request.ips ?? [request.ip]).findLast((address) => normalizeAddress(address) !== undefined) ??
    request.ip
  )
}

/**
 * IPv4 that came mapped into IPv6 is IPv4, and a zone is left out. The network, /24 or /48, is
 * enough to see that a token is used from elsewhere, too little to follow a person.
 */
export function toPlace(text: string): Pick<RequestContext, 'address' | 'block' | 'network'> {
  const normalized = normalizeAddress(text)
  if (normalized === undefined) return { address: 'unknown', block: 'unknown', network: 'unknown' }
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
 * It goes to the database, into events and lists. Masked before it is cut: half a token is not seen
 * to be one.
 */
const toAgent = (text = '') =>
  maskTokens(text.replaceAll(/\p{Cc}/gu, '').toWellFormed()).slice(0, MAX_AGENT_LENGTH)
