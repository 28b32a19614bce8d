import type { KnownBug } from './known-bug.ts'

const auth = (file: string, test: string) =>
  ({
    workspace: 'services/auth-api',
    file: `services/auth-api/src/${file}`,
    project: 'unit',
    test,
  }) as const
const verification = auth(
  'adapters/jose/create-verify-subject-token.ts',
  'create-verify-subject-token',
)
const usedTokens = {
  ...auth(
    'adapters/postgres/create-postgres-used-subject-tokens.ts',
    'create-postgres-used-subject-tokens',
  ),
  project: 'int',
} as const

/** Bugs in the OAuth endpoints and in the exchange of ID tokens. */
export const OAUTH: readonly KnownBug[] = [
  {
    ...verification,
    name: 'an ID token for another client is accepted',
    find: 'audience: [...issuer.audiences],',
    replace: '',
  },
  {
    ...verification,
    name: 'the other client of an ID token (azp) is not checked',
    find: 'audiences.some((audience) => audience === azp)',
    replace: 'audiences.some((audience) => audience !== azp)',
  },
  {
    ...verification,
    name: 'an access token or a logout token is accepted as an ID token',
    find: 'if (typ !== undefined && !',
    replace: 'if (typ === null && !',
  },
  {
    ...verification,
    name: 'an old ID token is accepted until it expires',
    find: 'maxTokenAge: MAX_AGE_SECONDS,',
    replace: '',
  },
  {
    ...verification,
    name: 'an ID token is used twice with the other form of its ECDSA signature',
    find: "token.slice(0, token.lastIndexOf('.'))",
    replace: 'token',
  },
  {
    ...usedTokens,
    name: 'an ID token is used twice, later',
    find: 'where not known.used and known.claimed_until < clock_timestamp()',
    replace: 'where known.claimed_until < clock_timestamp() or known.used',
  },
  {
    ...usedTokens,
    name: 'an ID token is used twice, by concurrent requests',
    find: 'where not known.used and known.claimed_until < clock_timestamp()',
    replace: 'where not known.used',
  },
  {
    ...auth('domain/trusted-issuer.ts', 'trusted-issuer'),
    name: 'two issuers with the same subject are one user',
    find: 'externalId: `${issuer}#${claims.sub}`,',
    replace: 'externalId: claims.sub.concat(issuer.slice(0, 0)),',
  },
  {
    ...auth('use-cases/sign-in/exchange-token.ts', 'exchange-token'),
    name: 'our own failure uses up the ID token',
    find: 'await Promise.allSettled([usedTokens.release(hash), ended])',
    replace: 'await Promise.allSettled([ended])',
  },
  {
    ...auth('use-cases/sessions/introspect.ts', 'introspect'),
    name: 'a gateway accepts a refresh token as an access token',
    find: "if ('claims' in check || !mayBeRefreshToken) return INACTIVE",
    replace: "if ('claims' in check) return INACTIVE",
  },
  {
    ...auth('use-cases/sessions/introspect.ts', 'introspect'),
    name: 'a token that is too long for token-store is our failure, for ever',
    find: 'token.slice(0, MAX_REFRESH_TOKEN_LENGTH)',
    replace: 'token.slice(0, 8 * MAX_REFRESH_TOKEN_LENGTH)',
  },
  {
    ...auth('adapters/http/routes/oauth/oauth-schemas.ts', 'oauth'),
    name: 'the stolen access token of a user with many claims cannot be revoked',
    find: 'const MAX_TOKEN_LENGTH = 8192',
    replace: 'const MAX_TOKEN_LENGTH = 2048',
  },
  {
    ...auth('adapters/http/errors/send-oauth-error.ts', 'oauth'),
    name: 'an outage is invalid_grant, and libraries sign the user out',
    find: "return { status: statusCode, error: 'temporarily_unavailable' }",
    replace: "return { status: 400, error: 'invalid_grant' }",
  },
  {
    ...auth('adapters/http/request/read-oauth-client.ts', 'oauth'),
    name: 'a client that does not encode its Basic credentials is refused',
    find: '[{ id: decode(plain.id), secret: decode(plain.secret) }, plain]',
    replace: '[{ id: decode(plain.id), secret: decode(plain.secret) }]',
  },
  {
    ...auth('adapters/http/request/parse-form-body.ts', 'parse-form-body'),
    name: 'the last of two equal parameters counts',
    find: "if (seen.has(name)) throw refuse('has a duplicate parameter')",
    replace: '',
  },
]
