import type { ClientRequest } from './client-request.ts'

/**
 * Headers of nginx `auth_request` as documented, ingress-nginx, Traefik `forwardAuth` and Caddy
 * `forward_auth`.
 */
const ORIGINAL_TARGETS = ['x-original-uri', 'x-original-url', 'x-forwarded-uri']

/**
 * Finds the header that shows that a proxy only asks for permission for another request: it
 * contains another path than this request. A proxy that sends the header with every request sends
 * this path, perhaps with a prefix that it removes. Returns `undefined` for an ordinary request.
 */
export function findSubrequestHeader({
  url,
  headers,
}: Pick<ClientRequest, 'headers'> & { url: string }): string | undefined {
  const path = toPath(url)
  return ORIGINAL_TARGETS.find((name) => {
    const target = headers[name]
    return typeof target === 'string' && target !== '' && !toPath(target).endsWith(path)
  })
}

/** Accepts a URL, or a path with a query. */
const toPath = (target: string) => target.replace(/^[a-z]+:\/\/[^/?]*/i, '').split('?', 1)[0] ?? ''
