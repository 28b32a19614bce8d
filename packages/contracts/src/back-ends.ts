import { Type, type Static } from 'typebox'
import { EXAMPLE } from './http.ts'

const strict = { additionalProperties: false }

export const RevocationsQuery = Type.Object({
  since: Type.Optional(
    Type.String({
      maxLength: 32,
      description: '`as_of` of the last response: only newer entries are sent',
    }),
  ),
})

/** For back ends: the sessions whose access tokens are revoked before they expire. */
export const RevocationsData = Type.Object(
  {
    as_of: Type.Optional(Type.String({ description: 'send it as `since` in the next request' })),
    partial: Type.Optional(
      Type.Boolean({
        description: 'true: only entries newer than `since`; keep those you have',
      }),
    ),
    retired_kids: Type.Optional(
      Type.Array(Type.String(), {
        description:
          'all retired signing keys, which others may hold: accept no token with such a `kid`',
      }),
    ),
    role_changes: Type.Optional(
      Type.Array(
        Type.Object({
          user_id: Type.String({ format: 'uuid' }),
          role: Type.String({ description: 'the current role of the user' }),
          issued_before: Type.Number({
            description:
              'Unix seconds: a token with an earlier `iat` and another role must be refreshed',
          }),
          expires_in: Type.Integer({
            minimum: 0,
            description: 'seconds from now in which such a token may still be unexpired',
          }),
        }),
        {
          description:
            'all users whose role was changed; absent from a partial response if `If-None-Match` names the same list',
        },
      ),
    ),
    revocations: Type.Array(
      Type.Object({
        session_id: Type.String({ format: 'uuid' }),
        expires_in: Type.Integer({
          minimum: 0,
          description:
            'seconds from now in which an access token of the session may still be unexpired',
        }),
      }),
    ),
  },
  {
    examples: [
      {
        as_of: '1796112000000',
        partial: false,
        revocations: [{ session_id: EXAMPLE.sessionId, expires_in: 1712 }],
      },
    ],
  },
)
export type RevocationsData = Static<typeof RevocationsData>

/**
 * For back ends: a refresh on behalf of a user. `client` is the user's address and agent, not the
 * back end's.
 */
export const RenewalBody = Type.Object(
  {
    refresh_token: Type.String({ minLength: 1, maxLength: 1024 }),
    expected_session_id: Type.String({
      format: 'uuid',
      description:
        'the session of the access token; a refresh token of another session changes nothing',
    }),
    client: Type.Object(
      { address: Type.String({ maxLength: 64 }), agent: Type.String({ maxLength: 1024 }) },
      strict,
    ),
  },
  {
    ...strict,
    examples: [
      {
        refresh_token: EXAMPLE.refreshToken,
        expected_session_id: EXAMPLE.sessionId,
        client: { address: '203.0.113.7', agent: 'Mozilla/5.0' },
      },
    ],
  },
)
export type RenewalBody = Static<typeof RenewalBody>

const RenewalRefusal = [
  Type.Object({
    outcome: Type.Enum([
      'invalid',
      'expired',
      'revoked',
      'reused',
      'session_mismatch',
      'user_inactive',
    ] as const),
  }),
  Type.Object({
    outcome: Type.Literal('rate_limited'),
    retry_after_seconds: Type.Integer({ minimum: 0 }),
  }),
] as const

export const RenewalPeekData = Type.Union([
  Type.Object({
    outcome: Type.Literal('would_renew'),
    user: Type.Object(
      { username: Type.String(), role: Type.String() },
      { description: 'as of now' },
    ),
  }),
  ...RenewalRefusal,
])
export type RenewalPeekData = Static<typeof RenewalPeekData>

export const RenewalData = Type.Union([
  Type.Object({
    outcome: Type.Literal('renewed'),
    access_token: Type.String(),
    refresh_token: Type.String(),
    refresh_expires_in: Type.Integer({
      minimum: 0,
      description: 'seconds after which the unused refresh token expires',
    }),
  }),
  ...RenewalRefusal,
])
export type RenewalData = Static<typeof RenewalData>
