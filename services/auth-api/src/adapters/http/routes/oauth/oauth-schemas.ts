import { Type, type TProperties, type TSchema } from 'typebox'
import { OAUTH_ERRORS } from '../../errors/oauth-error.ts'
import { response } from '../responses.ts'

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'
export const SUBJECT_TOKEN_TYPES = [
  'urn:ietf:params:oauth:token-type:id_token',
  'urn:ietf:params:oauth:token-type:jwt',
] as const

/** With the longest name, claims and methods our access tokens have about 5000 characters. */
const MAX_TOKEN_LENGTH = 8192
/** ID tokens with many groups are longer than other bodies. */
export const OAUTH_BODY_BYTES = 16_384

const text = (description: string, options: object = {}) =>
  Type.Optional(Type.String({ maxLength: 2048, description, ...options }))
/** RFC 6749 §3.2: unknown parameters are ignored. */
const CLIENT = {
  client_id: text('accepted and ignored: every client is public'),
  client_secret: text('refused with invalid_client'),
  client_assertion: text('refused with invalid_client', { maxLength: 16_384 }),
}
const REFRESH_TOKEN = 'art_AQEBnYwgAA...'

export const TokenForm = Type.Object(
  {
    grant_type: text(`refresh_token or ${TOKEN_EXCHANGE}`),
    refresh_token: text('of the grant refresh_token'),
    subject_token: text('of the token exchange: an ID token or JWT of a trusted issuer', {
      maxLength: 16_384,
    }),
    subject_token_type: text(SUBJECT_TOKEN_TYPES.join(' or ')),
    requested_token_type: text(`${ACCESS_TOKEN_TYPE}, or absent`),
    actor_token: text('refused: there is no delegation', { maxLength: 16_384 }),
    audience: text('the claim `aud` of our access tokens, or absent'),
    resource: text('refused with invalid_target'),
    scope: text('refused with invalid_scope: there are no scopes'),
    ...CLIENT,
  },
  { examples: [{ grant_type: 'refresh_token', refresh_token: REFRESH_TOKEN }] },
)
export const RevocationForm = Type.Object(
  {
    token: text('a refresh token of any generation, or an access token', {
      maxLength: MAX_TOKEN_LENGTH,
    }),
    token_type_hint: text('ignored'),
    ...CLIENT,
  },
  { examples: [{ token: REFRESH_TOKEN, token_type_hint: 'refresh_token' }] },
)
export const IntrospectionForm = Type.Object(
  {
    token: text('an access token, or a refresh token', { maxLength: MAX_TOKEN_LENGTH }),
    token_type_hint: text('with access_token, every refresh token is inactive'),
  },
  { examples: [{ token: 'eyJhbGciOiJFUzI1NiIs...' }] },
)

export const TokenResponse = Type.Object({
  access_token: Type.String(),
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer({ description: 'seconds until the access token expires' }),
  refresh_token: Type.String(),
  issued_token_type: Type.Optional(Type.Literal(ACCESS_TOKEN_TYPE)),
})
export const IntrospectionResponse = Type.Object(
  {
    active: Type.Boolean(),
    token_type: Type.Optional(Type.Literal('Bearer', { description: 'of an access token' })),
  },
  { additionalProperties: true, description: 'for an active token also its claims' },
)
const texts = Type.Array(Type.String())
export const MetadataResponse = Type.Object({
  issuer: Type.String(),
  token_endpoint: Type.String(),
  jwks_uri: Type.String(),
  revocation_endpoint: Type.String(),
  introspection_endpoint: Type.String(),
  response_types_supported: texts,
  grant_types_supported: texts,
  token_endpoint_auth_methods_supported: texts,
  revocation_endpoint_auth_methods_supported: texts,
  introspection_endpoint_auth_methods_supported: texts,
})
const ErrorResponse = Type.Object({
  error: Type.Enum([...OAUTH_ERRORS]),
  error_description: Type.String(),
})

/** The responses of an OAuth endpoint: its success and all failures, in the form of RFC 6749. */
export function oauthResponses<Body extends TSchema>(body: Body) {
  const failure = (description: string, more?: TProperties) =>
    response(ErrorResponse, description, more)
  const retryAfter = { 'retry-after': Type.Integer({ minimum: 0 }) }
  return {
    200: response(body, 'Done'),
    401: failure('The client or the API key is refused; see `error`', {
      'www-authenticate': Type.String(),
    }),
    '4xx': failure('The request was refused; see `error`'),
    429: failure('Too many failures: wait, keep the tokens', retryAfter),
    503: failure('Internal error: repeat the same request, keep the tokens', retryAfter),
  }
}
