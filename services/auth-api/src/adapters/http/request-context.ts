import { isLoopbackHost } from '@auto-refresh/fastify-auto-refresh'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'
import type { RequestContext } from '../../ports.ts'

const MAX_AGENT_LENGTH = 256

/** Where a request comes from, as far as trusted proxies can tell. */
export function toRequestContext(request: FastifyRequest): RequestContext {
  const { address, network } = toNetwork(request.ip)
  return { address, network, agent: toAgent(request.headers['user-agent']), straightFromLoopback: isStraightFromLoopback(request) }
}

/** The /24 or /48: enough to see that a token is used from elsewhere, too little to follow a person. */
export function toNetwork(text: string): { address: string; network: string } {
  if (!ipaddr.isValid(text)) return { address: 'unknown', network: 'unknown' }
  const address = ipaddr.process(text)
  if (address instanceof ipaddr.IPv4) return { address: address.toString(), network: `${address.octets.slice(0, 3).join('.')}.0/24` }
  const prefix = address.parts.slice(0, 3).map((part) => part.toString(16))
  return { address: address.toString(), network: `${prefix.join(':')}::/48` }
}

const toAgent = (text = '') => text.replaceAll(/\p{Cc}/gu, '').toWellFormed().slice(0, MAX_AGENT_LENGTH)

/** No proxy in between that could carry a stranger's request to us. */
function isStraightFromLoopback(request: FastifyRequest): boolean {
  const peer = request.socket.remoteAddress ?? ''
  const forwarded = Object.keys(request.headers).some((name) => name === 'forwarded' || name.startsWith('x-forwarded-'))
  return ipaddr.isValid(peer) && ipaddr.process(peer).range() === 'loopback' && isLoopbackHost(request.hostname) && !forwarded
}
