import { Type } from 'typebox'
import { response, FAILURES } from './responses.ts'
import type { App, RouteDeps } from './route.ts'

const CACHE_CONTROL = 'public, max-age=300'
const text = Type.Optional(Type.String())
const Jwks = Type.Object({
  keys: Type.Array(
    Type.Object({ kty: text, crv: text, x: text, y: text, kid: text, alg: text, use: text }),
  ),
})

/**
 * Adds the JWKS (RFC 7517). A key is published long before its first use, so that a cached set
 * always has the active key.
 */
export function addJwks(app: App, { useCases }: RouteDeps): void {
  const schema = {
    tags: ['keys'],
    operationId: 'getSigningKeys',
    summary: 'Get the keys that verify access tokens',
    response: {
      200: response(Jwks, 'The keys', { 'cache-control': Type.Literal(CACHE_CONTROL) }),
      ...FAILURES,
    },
  }

  app.get('/.well-known/jwks.json', { schema }, async (_, reply) => {
    reply.header('cache-control', CACHE_CONTROL).removeHeader('pragma')
    return useCases.jwks()
  })
}
