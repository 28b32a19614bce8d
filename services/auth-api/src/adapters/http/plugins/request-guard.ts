import { isIP } from 'node:net'
import { CodedError, HEADERS } from '@auto-refresh/contracts'
import { isLoopbackHost } from '@auto-refresh/server/core'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { HttpSettings } from '../http-deps.ts'

/** Node keeps the first of several and a proxy may keep the last: two readers, two requests. */
const SINGLE: ReadonlySet<string> = new Set([
  'authorization',
  'host',
  'content-type',
  'origin',
  HEADERS.idempotencyKey,
])

const HOST_NAME = /^[a-z0-9._-]{1,253}$/i
const EXPECT = /^(?:100-continue)?$/i

/**
 * Refuses a request that cannot be read, or in two ways, and in standalone one that was sent to
 * another's name.
 */
export const requestGuard = fastifyPlugin(
  async (
    app: FastifyInstance,
    {
      issuer,
      allowedHosts,
      standalone,
    }: Pick<HttpSettings, 'issuer' | 'allowedHosts' | 'standalone'>,
  ) => {
    const ownHost = URL.canParse(issuer) ? new URL(issuer).hostname : undefined
    const isOwn = (hostname: string) =>
      isLoopbackHost(hostname) ||
      hostname === ownHost ||
      allowedHosts.includes(hostname) ||
      isIP(hostname.replace(/^\[(.*)\]$/, '$1')) > 0

    // Node's own answer would be a bare 417
    app.server.on('checkExpectation', (request, response) =>
      app.server.emit('request', request, response),
    )
    app.addHook('onRequest', async (request) => {
      // see `rewriteUrl`
      if (request.originalUrl !== request.url)
        throw new CodedError('invalid_request', {
          detail: 'The path is not UTF-8 in percent encoding',
        })
      if (!EXPECT.test(request.headers.expect ?? ''))
        throw new CodedError('invalid_request', {
          detail: 'Nothing but 100-continue can be expected',
        })
      if (request.host === '')
        throw new CodedError('invalid_request', { detail: 'Send a Host header' })
      const twice = findRepeated(request.raw.rawHeaders)
      if (twice !== undefined)
        throw new CodedError('invalid_request', { detail: `Send one ${twice} header` })
      if (standalone && !isOwn(request.hostname.toLowerCase())) throw refuseHost(request.hostname)
    })
  },
  { name: 'request-guard' },
)

/**
 * The name is repeated only where it is one: what a stranger can write elsewhere stays out of
 * answers.
 */
function refuseHost(hostname: string): CodedError {
  const name = HOST_NAME.test(hostname) ? `The host name ${hostname}` : 'This host name'
  return new CodedError('forbidden', { detail: `${name} is not allowed; add it to ALLOWED_HOSTS` })
}

function findRepeated(rawHeaders: readonly string[]): string | undefined {
  const seen = new Set<string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? ''
    if (SINGLE.has(name) && seen.has(name)) return name
    seen.add(name)
  }
  return undefined
}
