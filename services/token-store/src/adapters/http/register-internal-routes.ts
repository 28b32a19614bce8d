import {
  InspectRequest,
  InspectResult,
  IssueRequest,
  IssueResult,
  ListSessionsResult,
  PeekResult,
  RevocationsRequest,
  RevocationsResult,
  RevokeSessionRequest,
  RevokeSessionResult,
  RevokeUserRequest,
  RevokeUserResult,
  RotateRequest,
  RotateResult,
  type TokenStore,
} from '@auto-refresh/contracts'
import type { FastifyInstance } from 'fastify'
import { Type, type Static, type TSchema } from 'typebox'

/** The size of the largest batch. */
const MAX_ITEMS = 256

/**
 * Registers `POST /internal/v1/<verb>` with `{items: [...]}`. The response is `{results: [...]}` in
 * the same order: the result of the use case, or `{error: 'unavailable'}` for an item that may be
 * retried.
 */
export function registerInternalRoutes(app: FastifyInstance, tokenStore: TokenStore): void {
  const Unavailable = Type.Object({ error: Type.Literal('unavailable') })

  function route<Request extends TSchema, Result extends TSchema>(
    verb: string,
    request: Request,
    result: Result,
    run: (item: Static<Request>) => Promise<Static<Result>>,
  ) {
    app.post<{ Body: { items: Static<Request>[] } }>(
      `/internal/v1/${verb}`,
      {
        schema: {
          body: Type.Object(
            { items: Type.Array(request, { minItems: 1, maxItems: MAX_ITEMS }) },
            { additionalProperties: false },
          ),
          response: {
            200: Type.Object({ results: Type.Array(Type.Union([result, Unavailable])) }),
          },
        },
      },
      async ({ body }) => ({
        results: await Promise.all(
          body.items.map((item) => run(item).catch(() => ({ error: 'unavailable' as const }))),
        ),
      }),
    )
  }

  route('issue', IssueRequest, IssueResult, tokenStore.issue)
  route('rotate', RotateRequest, RotateResult, tokenStore.rotate)
  route('peek', RotateRequest, PeekResult, tokenStore.peek)
  route('inspect', InspectRequest, InspectResult, tokenStore.inspect)
  route('revoke-session', RevokeSessionRequest, RevokeSessionResult, tokenStore.revokeSession)
  route('revoke-user', RevokeUserRequest, RevokeUserResult, tokenStore.revokeUser)
  route(
    'list-sessions',
    Type.Object({ userId: Type.String({ format: 'uuid' }) }, { additionalProperties: false }),
    ListSessionsResult,
    tokenStore.listSessions,
  )
  route('revocations', RevocationsRequest, RevocationsResult, tokenStore.revocations)
}
