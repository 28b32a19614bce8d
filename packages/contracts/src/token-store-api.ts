import { Type, type Static } from 'typebox'
import { ClientContext, RevokeReason } from './events.ts'

/**
 * Our refresh tokens have fewer than 150 characters. Callers truncate a longer one: it is then
 * rejected like any forged token, at no greater cost.
 */
export const MAX_REFRESH_TOKEN_LENGTH = 1024

/**
 * The API of token-store for auth-api, the same in one process and over the internal HTTP. Times are
 * Unix milliseconds. Failures are thrown as `CodedError('unavailable')`; every other outcome is a
 * result.
 */
const Uuid = Type.String({ format: 'uuid' })
const Ms = Type.Integer({ description: 'Unix milliseconds' })
const Token = Type.String({ minLength: 1, maxLength: MAX_REFRESH_TOKEN_LENGTH })
const strict = { additionalProperties: false }

/** How and when the user was authenticated elsewhere; absent: here, with a password, at the issue. */
const authentication = {
  amr: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 32, pattern: '^[\\x21-\\x7e]+$' }), {
      maxItems: 10,
      description: 'authentication methods (RFC 8176)',
    }),
  ),
  authTimeMs: Type.Optional(Ms),
}

export const StoredSession = Type.Object({
  id: Uuid,
  userId: Uuid,
  userVersion: Type.Integer(),
  clientId: Type.String(),
  generation: Type.Integer(),
  authenticatedAtMs: Ms,
  rotatedAtMs: Ms,
  expiresAtMs: Ms,
  idleUntilMs: Ms,
  network: Type.String(),
  agent: Type.String(),
  ...authentication,
})
export type StoredSession = Static<typeof StoredSession>

export const IssueRequest = Type.Object(
  {
    userId: Uuid,
    userVersion: Type.Integer(),
    clientId: Type.String({ maxLength: 128 }),
    context: ClientContext,
    accessTtlSeconds: Type.Number({ exclusiveMinimum: 0 }),
    ...authentication,
  },
  strict,
)
export type IssueRequest = Static<typeof IssueRequest>
export const IssueResult = Type.Union([
  Type.Object({ outcome: Type.Literal('issued'), token: Token, session: StoredSession }),
  Type.Object(
    { outcome: Type.Literal('user_revoked') },
    { description: 'the sign-in began before a revocation of the user and ended after it' },
  ),
])
export type IssueResult = Static<typeof IssueResult>

export const RotateRequest = Type.Object(
  {
    token: Token,
    /** the session of the caller's access token; a token of another session changes nothing */
    expectedSessionId: Type.Optional(Uuid),
    /** `Idempotency-Key`: 1 to 255 visible ASCII characters */
    idempotencyKey: Type.Optional(
      Type.String({ minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' }),
    ),
    context: ClientContext,
    accessTtlSeconds: Type.Number({ exclusiveMinimum: 0 }),
    /** of the request, if traced: one call contains the rotations of many traces */
    traceparent: Type.Optional(Type.String({ pattern: '^00-[0-9a-f]{32}-[0-9a-f]{16}-01$' })),
  },
  strict,
)
export type RotateRequest = Static<typeof RotateRequest>

/** Present if the token was authentic; a token-store of the previous release does not send it. */
const sessionId = Type.Optional(Uuid)
/** `mac`: whether the MAC of the token was valid. Such a token is never limited by address. */
const refusals = [
  Type.Object({ outcome: Type.Literal('invalid'), mac: Type.Boolean(), sessionId }),
  Type.Object({ outcome: Type.Literal('unknown_kid') }),
  Type.Object({ outcome: Type.Literal('unknown_session') }),
  Type.Object({ outcome: Type.Literal('expired'), sessionId }),
  Type.Object({ outcome: Type.Literal('revoked'), sessionId: Uuid, reason: RevokeReason }),
  Type.Object({ outcome: Type.Literal('reused'), sessionId: Uuid, userId: Uuid }),
  Type.Object({ outcome: Type.Literal('session_mismatch'), sessionId }),
  Type.Object({
    outcome: Type.Literal('rate_limited'),
    retryAfterSeconds: Type.Integer({ minimum: 1 }),
  }),
] as const
export const RotateResult = Type.Union([
  Type.Object({
    outcome: Type.Union([
      Type.Literal('rotated'),
      Type.Literal('replayed'),
      Type.Literal('regressed'),
    ]),
    token: Token,
    session: StoredSession,
    intervalSeconds: Type.Number(),
  }),
  ...refusals,
])
export type RotateResult = Static<typeof RotateResult>

/** What `rotate` would decide now, without a change and without a token. */
export const PeekResult = Type.Union([
  Type.Object({
    outcome: Type.Union([
      Type.Literal('rotated'),
      Type.Literal('replayed'),
      Type.Literal('regressed'),
    ]),
    session: StoredSession,
  }),
  ...refusals,
])
export type PeekResult = Static<typeof PeekResult>

/** Finds the session of a refresh token of any generation, or of a session id. Changes nothing. */
export const InspectRequest = Type.Union([
  Type.Object({ token: Token }, strict),
  Type.Object({ sessionId: Uuid }, strict),
])
export type InspectRequest = Static<typeof InspectRequest>
export const InspectResult = Type.Union([
  Type.Object({
    outcome: Type.Literal('found'),
    active: Type.Boolean(),
    session: StoredSession,
    ended: Type.Optional(
      Type.Object(
        { atMs: Ms, reason: RevokeReason },
        { description: 'absent while it is active, or if it expired' },
      ),
    ),
  }),
  Type.Object({ outcome: Type.Literal('not_found') }),
  Type.Object({ outcome: Type.Literal('invalid') }),
  Type.Object({ outcome: Type.Literal('unknown_kid') }),
])
export type InspectResult = Static<typeof InspectResult>

export const RevokeSessionRequest = Type.Object(
  {
    sessionId: Uuid,
    reason: RevokeReason,
    userId: Type.Optional(Uuid),
    actor: Type.Optional(
      Type.String({ maxLength: 256, description: 'the administrator, for the event' }),
    ),
  },
  strict,
)
/** With `userId`, the session is revoked only if it belongs to that user. */
export type RevokeSessionRequest = Static<typeof RevokeSessionRequest>
export const RevokeSessionResult = Type.Object({
  outcome: Type.Union([
    Type.Literal('revoked'),
    Type.Literal('already_ended'),
    Type.Literal('not_found'),
  ]),
})
export type RevokeSessionResult = Static<typeof RevokeSessionResult>

/**
 * Revokes every session of the user that was issued under a lower version, and refuses sign-ins that
 * began under one. `keptSessionId`: this session moves to `version` instead, if it was of the version
 * before and is active.
 */
export const RevokeUserRequest = Type.Object(
  {
    userId: Uuid,
    version: Type.Integer(),
    reason: RevokeReason,
    keptSessionId: Type.Optional(Uuid),
  },
  strict,
)
export type RevokeUserRequest = Static<typeof RevokeUserRequest>
export const RevokeUserResult = Type.Object({ revokedSessionIds: Type.Array(Uuid) })
export type RevokeUserResult = Static<typeof RevokeUserResult>

export const ListSessionsResult = Type.Object({ sessions: Type.Array(StoredSession) })
export type ListSessionsResult = Static<typeof ListSessionsResult>

/**
 * Without `sinceMs`: all revocations of sessions with unexpired access tokens. With `page` the
 * result is bounded; pass its `next` as `after` for the next page. A page may be empty and still
 * have a `next`. `nowMs` is the database's clock.
 */
export const RevocationsRequest = Type.Object(
  {
    sinceMs: Type.Optional(Ms),
    page: Type.Optional(
      Type.Object({ after: Type.Optional(Type.String({ maxLength: 100 })) }, strict),
    ),
  },
  strict,
)
export type RevocationsRequest = Static<typeof RevocationsRequest>
export const RevocationsResult = Type.Object({
  nowMs: Ms,
  revocations: Type.Array(Type.Object({ sessionId: Uuid, untilMs: Ms, revokedAtMs: Ms })),
  next: Type.Optional(
    Type.String({ description: 'where the next page begins; absent on the last' }),
  ),
  readToMs: Type.Optional(
    Type.Integer({
      description:
        'this page and the previous ones contain every committed revocation before this time',
    }),
  ),
})
export type RevocationsResult = Static<typeof RevocationsResult>

/**
 * The operations of token-store, in process or over HTTP. Failures are thrown as
 * `CodedError('unavailable')`, never returned as a refusal.
 */
export interface TokenStore {
  issue(request: IssueRequest): Promise<IssueResult>
  rotate(request: RotateRequest): Promise<RotateResult>
  peek(request: RotateRequest): Promise<PeekResult>
  inspect(request: InspectRequest): Promise<InspectResult>
  revokeSession(request: RevokeSessionRequest): Promise<RevokeSessionResult>
  revokeUser(request: RevokeUserRequest): Promise<RevokeUserResult>
  listSessions(request: { userId: string }): Promise<ListSessionsResult>
  revocations(request: RevocationsRequest): Promise<RevocationsResult>
}
