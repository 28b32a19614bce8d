import { RevocationsData } from '@auto-refresh/contracts'
import { Type } from 'typebox'
import { createRequireKey } from '../require-key.ts'
import { answers, type App, type RouteDeps } from './route.ts'

/** The list is read by other back ends every second: it is sent only when it has changed (RFC 9110 §13.1.2). */
export function addRevocations(app: App, { revocationFeed, settings }: RouteDeps): void {
  const schema = {
    tags: ['back ends'],
    summary: 'The sessions whose access tokens are revoked',
    headers: Type.Object({ 'if-none-match': Type.Optional(Type.String({ description: 'the ETag of the last answer: 304 when nothing has changed since' })) }),
    response: answers(RevocationsData),
    security: [{ feedKey: [] }],
  }

  app.get('/revocations', { schema, onRequest: createRequireKey(settings.backEndKeys.feed) }, async (request, reply) => {
    // weak: the seconds left differ from one moment and one process to the next
    const tag = `W/"${revocationFeed.tag()}"`
    reply.header('etag', tag)
    if (request.headers['if-none-match'] === tag) return reply.code(304).send(undefined as never)
    return {
      status: 200,
      message: 'Revocations retrieved successfully',
      data: { revocations: revocationFeed.whole().map(({ sessionId, expiresInSeconds }) => ({ session_id: sessionId, expires_in: expiresInSeconds })) },
    }
  })
}
