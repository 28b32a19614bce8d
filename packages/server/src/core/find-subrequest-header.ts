import type { ClientRequest } from './client-request.ts'

/**
 * nginx `auth_request` as its documentation has it, ingress-nginx, Traefik `forwardAuth` and Caddy
 * `forward_auth`.
 */
const ORIGINAL_TARGETS = ['x-original-uri', 'x-original-url', 'x-forwarded-uri']

/**
 * The header by which a proxy says that it asks on behalf of another request: it names another path
 * than ours. A proxy that sends the header with every request names ours, perhaps below a prefix
 * that it removes. Returns `undefined` for an ordinary request.
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

/** Of a URL or of its path and query. */
const toPath = (target: string) => target.replace(/^[a-z]+:\/\/[^/?]*/i, '').split('?', 1)[0] ?? ''
