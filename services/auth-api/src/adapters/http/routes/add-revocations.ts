import { HEADERS, RevocationsData, RevocationsQuery } from '@auto-refresh/contracts'
import { Type } from 'typebox'
import type { UserRoleChange } from '../../../ports/known-users.ts'
import { createRequireKey } from '@auto-refresh/service-kit/http'
import { answer, answers, NothingData, REVOCATIONS_HEADERS } from './answers.ts'
import type { App, RouteDeps } from './route.ts'

const CURSOR = /^\d{1,16}$/

/**
 * Other back ends read the list every second: it is sent only when it has changed (RFC 9110
 * §13.1.2), and with `since` only what is new.
 */
export function addRevocations(app: App, { revocationFeed, settings, clock }: RouteDeps): void {
  const schema = {
    tags: ['back ends'],
    summary: 'The sessions whose access tokens are revoked',
    querystring: RevocationsQuery,
    headers: Type.Object({
      'if-none-match': Type.Optional(
        Type.String({
          description: 'the ETag of the last answer: 304 when nothing has changed since',
        }),
      ),
    }),
    response: {
      ...answers(RevocationsData, REVOCATIONS_HEADERS),
      304: answer(NothingData, 'The list has not changed', REVOCATIONS_HEADERS),
    },
    security: [{ feedKey: [] }],
  }

  /**
   * The whole list is written out once, however many back ends ask: at 100,000 entries it is 7 MB.
   */
  let written:
    { list: ReturnType<typeof revocationFeed.whole>; others: string; body: string } | undefined

  function toBody(
    list: ReturnType<typeof revocationFeed.whole>,
    partial: boolean,
    withRoles = true,
  ): string {
    const asOfMs = revocationFeed.asOfMs()
    const revocations = list.map((entry) => ({
      session_id: entry.sessionId,
      expires_in: entry.expiresInSeconds,
    }))
    const asOf = asOfMs === undefined ? {} : { as_of: String(Math.floor(asOfMs)), partial }
    const kids = revocationFeed.retiredKids()
    const roles = withRoles ? revocationFeed.roleChanges.list().map(toRoleChange) : []
    const data = {
      ...asOf,
      ...(kids.length === 0 ? {} : { retired_kids: kids }),
      ...(roles.length === 0 ? {} : { role_changes: roles }),
      revocations,
    }
    return JSON.stringify({ status: 200, message: 'Revocations retrieved successfully', data })
  }

  function toWholeBody(): string {
    const list = revocationFeed.whole()
    const others = `${revocationFeed.retiredKids().join()} ${revocationFeed.roleChanges.tag()}`
    if (written?.list !== list || written.others !== others) {
      written = { list, others, body: toBody(list, false) }
    }
    return written.body
  }

  app.get(
    '/revocations',
    { schema, onRequest: createRequireKey(settings.backEndKeys.feed) },
    async (request, reply) => {
      // weak: the seconds left differ from one moment and one process to the next
      const kids = revocationFeed.retiredKids()
      const roles = revocationFeed.roleChanges.tag()
      const tag = `W/"${[revocationFeed.tag(), ...kids].join('.')}${roles === '' ? '' : `~${roles}`}"`
      // how long token-store has not been heard: what it knows since then is not on the list (RFC
      // 9111 §5.1)
      reply.headers({
        etag: tag,
        age: Math.floor(revocationFeed.feedAgeMs() / 1000),
        [HEADERS.clockMs]: Math.round(clock.nowMs()),
      })
      const known = request.headers['if-none-match']
      if (known === tag) return reply.code(304).send(undefined as never)
      const { since } = request.query
      // What is no cursor of ours gets the whole list, which is never wrong.
      const fresh =
        since !== undefined && CURSOR.test(since) ? revocationFeed.since(Number(since)) : undefined
      const body =
        fresh === undefined
          ? toWholeBody()
          : toBody(fresh, true, known?.endsWith(`~${roles}"`) !== true)
      return reply.type('application/json; charset=utf-8').send(body as never)
    },
  )
}

function toRoleChange({ userId, role, issuedBefore, expiresInSeconds }: UserRoleChange) {
  return { user_id: userId, role, issued_before: issuedBefore, expires_in: expiresInSeconds }
}
