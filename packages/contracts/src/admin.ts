import { Type, type Static } from 'typebox'
import { REVOKE_REASONS } from './events.ts'

const strict = { additionalProperties: false }
const noControlCharacters = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$'
const Uuid = Type.String({ format: 'uuid' })
const Time = Type.String({ description: 'UTC without milliseconds' })

const Username = Type.String({ minLength: 1, maxLength: 128, pattern: noControlCharacters })
const ExternalId = Type.String({ minLength: 1, maxLength: 255, pattern: noControlCharacters })
const Role = Type.String({
  pattern: '^[a-z][a-z0-9_-]{0,31}$',
  description: '`auditor` and `admin` may use the administration API; all others are yours',
})
const Claims = Type.Record(Type.String(), Type.Unknown(), {
  description: 'your own claims, in access tokens under `claims`; at most 2048 bytes of JSON',
})

export const AdminUserData = Type.Object({
  id: Uuid,
  username: Type.String(),
  external_id: Type.Optional(Type.String()),
  role: Type.String(),
  claims: Type.Object({}, { additionalProperties: true }),
  active: Type.Boolean(),
  has_password: Type.Boolean(),
  created_at: Time,
  last_sign_in_at: Type.Optional(Time),
  open_sessions: Type.Optional(
    Type.Integer({ minimum: 0, description: 'only of a single user, and of a new one' }),
  ),
})
export type AdminUserData = Static<typeof AdminUserData>

export const AdminUsersQuery = Type.Object(
  {
    query: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 255,
        pattern: noControlCharacters,
        description: 'an id, an `external_id`, or the beginning of a name in any case',
      }),
    ),
    active: Type.Optional(Type.Enum(['true', 'false'] as const)),
    cursor: Type.Optional(
      Type.String({ maxLength: 1024, description: '`next` of the page before' }),
    ),
    limit: Type.Optional(
      Type.String({ pattern: '^([1-9]|[1-9][0-9]|100)$', description: '1 to 100; default 50' }),
    ),
  },
  strict,
)

export const AdminUsersData = Type.Object({
  users: Type.Array(AdminUserData),
  next: Type.Optional(Type.String({ description: 'the next page; absent on the last' })),
})

export const CreateUserBody = Type.Object(
  {
    username: Username,
    password: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        pattern: noControlCharacters,
        description: 'absent: the user signs in elsewhere, or sets one with a password token',
      }),
    ),
    external_id: Type.Optional(ExternalId),
    role: Type.Optional(Role),
    claims: Type.Optional(Claims),
    active: Type.Optional(Type.Boolean({ default: true })),
  },
  {
    ...strict,
    examples: [
      { username: 'ayu@example.com', role: 'user', claims: { tenant: 't1' }, active: true },
    ],
  },
)
export type CreateUserBody = Static<typeof CreateUserBody>

export const CreatePasswordTokenBody = Type.Object(
  {
    ttl_seconds: Type.Optional(
      Type.Integer({
        minimum: 60,
        maximum: 604_800,
        default: 3600,
        description: 'how long the token is valid',
      }),
    ),
  },
  { ...strict, examples: [{ ttl_seconds: 86_400 }] },
)
export type CreatePasswordTokenBody = Static<typeof CreatePasswordTokenBody>

export const PasswordTokenData = Type.Object({
  token: Type.String({ description: 'shown once; your application sends it to the user' }),
  expires_at: Time,
})

export const ChangeUserBody = Type.Object(
  {
    username: Type.Optional(Username),
    role: Type.Optional(Role),
    claims: Type.Optional(Claims),
    active: Type.Optional(
      Type.Boolean({ description: '`false` refuses the user and ends all sessions at once' }),
    ),
  },
  { ...strict, minProperties: 1, examples: [{ role: 'auditor' }, { active: false }] },
)
export type ChangeUserBody = Static<typeof ChangeUserBody>

export const AdminSessionData = Type.Object({
  id: Uuid,
  user_id: Uuid,
  state: Type.Enum(['active', 'ended', 'expired'] as const),
  ended_at: Type.Optional(Time),
  end_reason: Type.Optional(Type.Enum(REVOKE_REASONS)),
  signed_in_at: Time,
  last_refreshed_at: Time,
  expires_at: Type.String({ description: 'the absolute end' }),
  idle_until: Type.String({ description: 'the end if it is not refreshed' }),
  generation: Type.Integer({ description: 'the number of its current refresh token' }),
  network: Type.String({ description: 'the /24 or /48 of the last refresh' }),
  user_agent: Type.String({ description: 'of the last refresh' }),
  amr: Type.Optional(Type.Array(Type.String(), { description: 'RFC 8176' })),
})
export type AdminSessionData = Static<typeof AdminSessionData>
export const AdminSessionsData = Type.Object({ sessions: Type.Array(AdminSessionData) })
