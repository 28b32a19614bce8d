import type { FastifyReply } from 'fastify'

const NAME = 'access-control-expose-headers'

/**
 * Exposes further headers to pages on another origin, in addition to those that the application
 * exposes.
 */
export function exposeHeaders(reply: FastifyReply, names: readonly string[]): void {
  const exposed = [reply.getHeader(NAME) ?? []]
    .flat()
    .join()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const known = new Set(exposed.map((name) => name.toLowerCase()))
  reply.header(NAME, [...exposed, ...names.filter((name) => !known.has(name))].join(', '))
}
