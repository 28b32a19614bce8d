import type { FastifyRequest } from 'fastify'

type SubRequest = Pick<FastifyRequest, 'headers' | 'method'>

/**
 * The method of the request that a proxy asks about. Both headers count: a proxy overwrites only one
 * of them, and a client may send the other. Envoy asks with the original method itself; a GET or HEAD
 * says nothing, because other proxies always ask with it. Empty when the proxy does not say.
 */
export const readOriginalMethods = ({ headers, method }: SubRequest): string[] => [
  ...['x-forwarded-method', 'x-original-method'].flatMap((name) => headers[name] ?? []),
  ...(method === 'GET' || method === 'HEAD' ? [] : [method]),
]

/** Whether the original request asks for a WebSocket. Some proxies drop `Upgrade` here. */
export const isUpgrade = ({ headers }: SubRequest): boolean =>
  headers.upgrade !== undefined || headers['sec-websocket-key'] !== undefined
