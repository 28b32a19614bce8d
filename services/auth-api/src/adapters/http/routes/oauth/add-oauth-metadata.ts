import { Type } from 'typebox'
import { FAILURES, response } from '../responses.ts'
import type { App, RouteDeps } from '../route.ts'
import { MetadataResponse, TOKEN_EXCHANGE } from './oauth-schemas.ts'

const PATH = '/.well-known/oauth-authorization-server'
const CACHE_CONTROL = 'public, max-age=300'

/**
 * Adds the metadata of RFC 8414. For an `ISSUER` with a path they are also at the address that
 * clients derive from it (§3.1).
 */
export function addOauthMetadata(app: App, { settings, useCases }: RouteDeps): void {
  const { issuer } = settings
  const base = issuer.replace(/\/+$/, '')
  const metadata = {
    issuer,
    token_endpoint: `${base}/oauth2/token`,
    jwks_uri: `${base}/.well-known/jwks.json`,
    revocation_endpoint: `${base}/oauth2/revoke`,
    introspection_endpoint: `${base}/oauth2/introspect`,
    // Required by RFC 8414; there is no authorization endpoint.
    response_types_supported: [],
    grant_types_supported: [
      'refresh_token',
      ...(useCases.exchangeToken === undefined ? [] : [TOKEN_EXCHANGE]),
    ],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'Bearer'],
  }
  const schema = {
    tags: ['OAuth 2'],
    operationId: 'getOAuthMetadata',
    summary: 'Authorization server metadata (RFC 8414)',
    response: {
      200: response(MetadataResponse, 'The metadata', {
        'cache-control': Type.Literal(CACHE_CONTROL),
      }),
      ...FAILURES,
    },
  }
  const path = URL.parse(base)?.pathname ?? '/'
  for (const [url, hide] of [
    [PATH, false],
    ...(path === '/' ? [] : ([[`${PATH}${path}`, true]] as const)),
  ] as const)
    app.get(url, { schema: { ...schema, hide } }, async (_, reply) => {
      reply.header('cache-control', CACHE_CONTROL).removeHeader('pragma')
      return metadata
    })
}
