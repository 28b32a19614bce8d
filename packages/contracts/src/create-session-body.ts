import { Type, type Static } from 'typebox'
import { RenewalBody } from './back-ends.ts'

const strict = { additionalProperties: false }
const noControlCharacters = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$'

/** For back ends with a login of their own: who has signed in there, how, when and from where. */
export const CreateSessionBody = Type.Object(
  {
    user: Type.Object(
      {
        external_id: Type.String({
          minLength: 1,
          maxLength: 255,
          pattern: noControlCharacters,
          description:
            'the id of the user in your login, which never changes; the same id is the same user',
        }),
        username: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 128,
            pattern: noControlCharacters,
            description:
              'for display, not unique, never linked to a local user; default: the start of `external_id`',
          }),
        ),
        role: Type.Optional(
          Type.String({
            pattern: '^[a-z][a-z0-9_-]{0,31}$',
            description:
              'default: the stored one, first `user`. A change ends older access tokens. ' +
              '`auditor` needs the scope `admin:read` too, `admin` needs `admin:write`',
          }),
        ),
        claims: Type.Optional(
          Type.Record(Type.String(), Type.Unknown(), {
            description:
              'your own claims, in access tokens under `claims`; at most 2048 bytes of JSON, ' +
              'no registered names; default: the stored ones',
          }),
        ),
      },
      strict,
    ),
    client: RenewalBody.properties.client,
    authenticated_at: Type.Optional(
      Type.Integer({
        description: 'when the user signed in, in Unix seconds; default: now. In `auth_time`',
      }),
    ),
    amr: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 32, pattern: '^[\\x21-\\x7e]+$' }), {
        maxItems: 10,
        description: 'how the user signed in (RFC 8176)',
      }),
    ),
    transport: Type.Optional(
      Type.Union([Type.Literal('body'), Type.Literal('cookie')], {
        default: 'body',
        description: '`cookie`: forward `Set-Cookie` to the browser of the user',
      }),
    ),
  },
  {
    ...strict,
    examples: [
      {
        user: {
          external_id: 'users/1084',
          username: 'ayu@example.com',
          role: 'user',
          claims: { tenant: 't1' },
        },
        client: { address: '203.0.113.7', agent: 'Mozilla/5.0 (X11; Linux x86_64)' },
        authenticated_at: 1_795_506_529,
        amr: ['pwd', 'otp'],
        transport: 'body',
      },
    ],
  },
)
export type CreateSessionBody = Static<typeof CreateSessionBody>
