import type { ClientRequest } from './client-request.ts'

/**
 * Traefik `forwardAuth`, Caddy `forward_auth` and ingress-nginx send these with nothing but
 * authentication subrequests, so their presence is enough.
 */
const SUBREQUEST_ONLY = ['x-forwarded-method', 'x-original-method', 'x-auth-request-redirect']

/**
 * Headers of nginx `auth_request` as documented, ingress-nginx, Traefik `forwardAuth` and Caddy
 * `forward_auth`. Some proxies send them with every request.
 */
const ORIGINAL_TARGETS = ['x-original-uri', 'x-original-url', 'x-forwarded-uri']

/**
 * Finds the header that shows that a proxy only asks for permission for another request. One with
 * the target of a request shows it if it contains another path than this request: a proxy that
 * sends it with every request sends this path, perhaps with a prefix that it removes. Returns
 * `undefined` for an ordinary request, and for a subrequest without any such header.
 */
export function findSubrequestHeader({
  url,
  headers,
}: Pick<ClientRequest, 'headers'> & { url: string }): string | undefined {
  const path = toPath(url)
  const prefix = headers['x-forwarded-prefix']
  const isThisRequest = (target: string) =>
    // Every path with a trailing slash ends in `/`: there the proxy must name the prefix.
    path === '/' ? target === '/' || isPrefix(prefix, target) : target.endsWith(path)
  const isSent = (name: string) => typeof headers[name] === 'string' && headers[name] !== ''
  return (
    SUBREQUEST_ONLY.find(isSent) ??
    ORIGINAL_TARGETS.filter(isSent).find((name) => !isThisRequest(toPath(String(headers[name]))))
  )
}

/** Accepts a URL, or a path with a query. A URL without a path has the path `/`. */
const toPath = (target: string) => target.replace(/^[a-z]+:\/\/[^/?]*/i, '').split('?', 1)[0] || '/'

/** Whether the prefix that a proxy has removed is the whole path. */
const isPrefix = (prefix: string | string[] | undefined, target: string) =>
  typeof prefix === 'string' && prefix !== '' && trim(prefix) === trim(target)
const trim = (path: string) => path.replace(/\/+$/, '')
