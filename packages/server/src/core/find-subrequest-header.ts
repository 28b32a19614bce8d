import type { ClientRequest } from './client-request.ts'

/**
 * Traefik `forwardAuth`, Caddy `forward_auth` and ingress-nginx send these with nothing but
 * authentication subrequests.
 */
const ORIGINAL_METHODS = ['x-forwarded-method', 'x-original-method']
const SUBREQUEST_ONLY = ['x-auth-request-redirect', ...ORIGINAL_METHODS]

/**
 * Headers of nginx `auth_request` as documented, ingress-nginx, Traefik `forwardAuth` and Caddy
 * `forward_auth`. Some proxies send them with every request.
 */
const ORIGINAL_TARGETS = ['x-original-uri', 'x-original-url', 'x-forwarded-uri']

type SubRequest = Pick<ClientRequest, 'headers'> & { url: string; method: string }

/**
 * Finds the header that shows that a proxy only asks for permission for another request. One with
 * the target of a request shows it if it contains another path than this request: a proxy that
 * sends it with every request sends this path, perhaps with a prefix that it removes. One with a
 * method shows it unless all of them describe exactly this request. Returns `undefined` for an
 * ordinary request, and for a subrequest without any such header.
 */
export function findSubrequestHeader(request: SubRequest): string | undefined {
  const { url, headers } = request
  const path = toPath(url)
  const prefix = headers['x-forwarded-prefix']
  const isThisRequest = (target: string) =>
    // Every path with a trailing slash ends in `/`: there the proxy must name the prefix.
    path === '/' ? target === '/' || isPrefix(prefix, target) : target.endsWith(path)
  const isSent = (name: string) => typeof headers[name] === 'string' && headers[name] !== ''
  const targets = ORIGINAL_TARGETS.filter(isSent)
  return (
    SUBREQUEST_ONLY.filter(isSent).find(
      (name) => !ORIGINAL_METHODS.includes(name) || !isDescribed(request, name, targets),
    ) ?? targets.find((name) => !isThisRequest(toPath(String(headers[name]))))
  )
}

/** Whether a proxy that describes every request, as Envoy can, describes this one. */
function isDescribed(
  { url, method, headers }: SubRequest,
  name: string,
  targets: readonly string[],
): boolean {
  const { host, 'x-forwarded-host': forwardedHost = host } = headers
  return (
    headers[name] === method &&
    forwardedHost === host &&
    targets.length > 0 &&
    targets.every((target) => headers[target] === url)
  )
}

/** Accepts a URL, or a path with a query. A URL without a path has the path `/`. */
const toPath = (target: string) => target.replace(/^[a-z]+:\/\/[^/?]*/i, '').split('?', 1)[0] || '/'

/** Whether the prefix that a proxy has removed is the whole path. */
const isPrefix = (prefix: string | string[] | undefined, target: string) =>
  typeof prefix === 'string' && prefix !== '' && trim(prefix) === trim(target)
const trim = (path: string) => path.replace(/\/+$/, '')
