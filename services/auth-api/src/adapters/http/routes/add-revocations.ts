import { RevocationsData } from '@auto-refresh/contracts'
import { Type } from 'typebox'
import { createRequireKey } from '../require-key.ts'
import { answer, answers, NothingData, REVOCATIONS_HEADERS } from './answers.ts'
import type { App, RouteDeps } from './route.ts'

/** The list is read by other back ends every second: it is sent only when it has changed (RFC 9110 §13.1.2). */
export function addRevocations(app: App, { revocationFeed, settings }: RouteDeps): void {
  const schema = {
    tags: ['back ends'],
    summary: 'The sessions whose access tokens are revoked',
    headers: Type.Object({ 'if-none-match': Type.Optional(Type.String({ description: 'the ETag of the last answer: 304 when nothing has changed since' })) }),
    response: {
      ...answers(RevocationsData, REVOCATIONS_HEADERS),
      304: answer(NothingData, 'The list has not changed', REVOCATIONS_HEADERS),
    },
    security: [{ feedKey: [] }],
  }

  /** The same list is written out once, however many back ends ask: at 100,000 entries it is 7 MB. */
  let written: { list: ReturnType<typeof revocationFeed.whole>; body: string } | undefined

  function toBody(): string {
    const list = revocationFeed.whole()
    if (written?.list !== list) {
      const revocations = list.map(({ sessionId, expiresInSeconds }) => ({ session_id: sessionId, expires_in: expiresInSeconds }))
      written = { list, body: JSON.stringify({ status: 200, message: 'Revocations retrieved successfully', data: { revocations } }) }
    }
    return written.body
  }

  app.get('/revocations', { schema, onRequest: createRequireKey(settings.backEndKeys.feed) }, async (request, reply) => {
    // weak: the seconds left differ from one moment and one process to the next
    const tag = `W/"${revocationFeed.tag()}"`
    // how long token-store has not been heard: what it knows since then is not on the list (RFC 9111 §5.1)
    reply.headers({ etag: tag, age: Math.floor(revocationFeed.feedAgeMs() / 1000) })
    if (request.headers['if-none-match'] === tag) return reply.code(304).send(undefined as never)
    return reply.type('application/json; charset=utf-8').send(toBody() as never)
  })
}
