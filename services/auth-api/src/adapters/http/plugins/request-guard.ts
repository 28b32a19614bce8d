import { isIP } from 'node:net'
import { CodedError, HEADERS } from '@auto-refresh/contracts'
import { isLoopbackHost } from '@auto-refresh/server/core'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { HttpSettings } from '../http-deps.ts'
import { HEALTH_PATH } from '../routes/add-health.ts'

/** Must not be repeated: Node reads the first of several, and a proxy may read the last. */
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
 * Refuses requests that are malformed or ambiguous, and in standalone requests for an unknown host
 * name.
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

    // Otherwise Node responds with a bare 417.
    app.server.on('checkExpectation', (request, response) =>
      app.server.emit('request', request, response),
    )
    app.addHook('onRequest', async (request) => {
      // `rewriteUrl` of the server options has replaced a path that cannot be decoded.
      if (request.originalUrl !== request.url)
        throw new CodedError('invalid_request', {
          detail: 'The path is not UTF-8 in percent encoding',
        })
      if (!EXPECT.test(request.headers.expect ?? ''))
        throw new CodedError('invalid_request', {
          detail: 'Only "Expect: 100-continue" is supported',
        })
      if (request.host === '')
        throw new CodedError('invalid_request', { detail: 'Send a Host header' })
      const repeated = findRepeated(request.raw.rawHeaders)
      if (repeated !== undefined)
        throw new CodedError('invalid_request', { detail: `Send one ${repeated} header` })
      if (standalone && request.url !== HEALTH_PATH && !isOwn(request.hostname.toLowerCase()))
        throw refuseHost(request.hostname)
    })
  },
  { name: 'request-guard' },
)

/**
 * Names the host only when it is a valid host name, so that no other text of a caller gets into a
 * response.
 */
function refuseHost(hostname: string): CodedError {
  const name = HOST_NAME.test(hostname) ? `The host name ${hostname}` : 'This host name'
  return new CodedError('forbidden', {
    detail: `${name} is not allowed; set ISSUER to the public URL, or add the name to ALLOWED_HOSTS`,
  })
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
