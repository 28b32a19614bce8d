import type { App, RouteDeps } from './route.ts'

const MAX_AGE_SECONDS = 300

/** RFC 7517. A key is published long before its first use, so that a cached set never lacks the one that signs. */
export function addJwks(app: App, { useCases }: RouteDeps): void {
  app.get('/.well-known/jwks.json', { schema: { tags: ['keys'], summary: 'The keys that verify access tokens' } }, async (_, reply) => {
    reply.header('cache-control', `public, max-age=${MAX_AGE_SECONDS}`).removeHeader('pragma')
    return useCases.jwks()
  })
}
