import { isIP } from 'node:net'
import { CodedError, HEADERS } from '@auto-refresh/contracts'
import { isLoopbackHost } from '@auto-refresh/fastify-auto-refresh'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { HttpSettings } from './http-deps.ts'

/** Node keeps the first of several and a proxy may keep the last: two readers, two requests. */
const SINGLE: ReadonlySet<string> = new Set(['authorization', 'host', 'content-type', 'origin', HEADERS.idempotencyKey])

/** Refuses a request that can be read in two ways, and in standalone one that was sent to another's name. */
export const requestGuard = fastifyPlugin(
  async (app: FastifyInstance, { issuer, standalone }: Pick<HttpSettings, 'issuer' | 'standalone'>) => {
    const ownHost = URL.canParse(issuer) ? new URL(issuer).hostname : undefined
    const isOwn = (hostname: string) => isLoopbackHost(hostname) || hostname === ownHost || isIP(hostname.replace(/^\[(.*)\]$/, '$1')) > 0

    app.addHook('onRequest', async (request) => {
      if (request.host === '') throw new CodedError('invalid_request', { detail: 'Send a Host header' })
      const twice = findRepeated(request.raw.rawHeaders)
      if (twice !== undefined) throw new CodedError('invalid_request', { detail: `Send one ${twice} header` })
      if (standalone && !isOwn(request.hostname.toLowerCase())) throw new CodedError('forbidden', { detail: 'This host name is not ours' })
    })
  },
  { name: 'request-guard' },
)

function findRepeated(rawHeaders: readonly string[]): string | undefined {
  const seen = new Set<string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? ''
    if (SINGLE.has(name) && seen.has(name)) return name
    seen.add(name)
  }
  return undefined
}
