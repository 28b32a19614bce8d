import { HEADERS, RevocationsData, RevocationsQuery } from '@auto-refresh/contracts'
import { Type } from 'typebox'
import type { UserRoleChange } from '../../../ports/known-users.ts'
import {
  response,
  responses,
  NothingData,
  REVOCATIONS_HEADERS,
  UNAUTHENTICATED,
} from './responses.ts'
import { byApiKey, type App, type RouteDeps } from './route.ts'

const CURSOR = /^\d{1,16}$/

/**
 * Adds the revocation list for back ends, which read it every second. It is sent only when it has
 * changed (RFC 9110 §13.1.2), and with `since` only its new entries.
 */
export function addRevocations(app: App, { revocationFeed, requireScope, clock }: RouteDeps): void {
  const schema = {
    tags: ['back ends'],
    operationId: 'listRevocations',
    summary: 'List the sessions whose access tokens are revoked',
    querystring: RevocationsQuery,
    headers: Type.Object({
      'if-none-match': Type.Optional(
        Type.String({
          description: 'the ETag of the last response: 304 when nothing has changed since',
        }),
      ),
    }),
    response: {
      ...responses(RevocationsData, REVOCATIONS_HEADERS),
      ...UNAUTHENTICATED,
      304: response(NothingData, 'The list has not changed', REVOCATIONS_HEADERS),
    },
    security: byApiKey('revocations:read'),
  }

  /** The whole list as JSON, written once for all back ends: 100,000 entries are 7 MB. */
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
    { schema, onRequest: requireScope('revocations:read') },
    async (request, reply) => {
      // Weak, because the seconds left differ over time and between processes.
      const kids = revocationFeed.retiredKids()
      const roles = revocationFeed.roleChanges.tag()
      const tag = `W/"${[revocationFeed.tag(), ...kids].join('.')}${roles === '' ? '' : `~${roles}`}"`
      // `age`: seconds since token-store last responded; later revocations are not on the list (RFC
      // 9111 §5.1).
      reply.headers({
        etag: tag,
        age: Math.floor(revocationFeed.feedAgeMs() / 1000),
        [HEADERS.clockMs]: Math.round(clock.nowMs()),
      })
      const known = request.headers['if-none-match']
      if (known === tag) return reply.code(304).send(undefined as never)
      const { since } = request.query
      // For an invalid cursor the whole list is sent.
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
