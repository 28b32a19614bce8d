import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { HEADERS, type ApiKeyScope } from '@auto-refresh/contracts'
import type { RequireScope } from '@auto-refresh/service-kit/http'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import { Type } from 'typebox'
import type { RespondWithPair } from './create-respond-with-pair.ts'
import type { RequireCsrfProof } from '../plugins/create-require-csrf-proof.ts'
import type { HttpDeps } from '../http-deps.ts'

/** An application whose handlers are typed by their schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

export type RouteDeps = HttpDeps &
  Readonly<{
    respondWithPair: RespondWithPair
    requireCsrfProof: RequireCsrfProof
    /** Returns the onRequest hook of a route for API keys with this scope. */
    requireScope: RequireScope
  }>

/**
 * How a route may be called, for the API reference only: the code that reads a header checks it.
 */
export const BY_ACCESS_TOKEN = [{ accessToken: [] }]
export const BY_ACCESS_TOKEN_OR_COOKIE = [
  ...BY_ACCESS_TOKEN,
  { accessTokenCookie: [] },
  { refreshTokenCookie: [] },
]
export const byApiKey = (...scopes: ApiKeyScope[]) => scopes.map((scope) => ({ apiKey: [scope] }))
/** `{}`: the refresh token is in the body. */
export const BY_REFRESH_TOKEN = [{}, { refreshTokenHeader: [] }, { refreshTokenCookie: [] }]
/** A refresh token in body, header or cookie, with or without an access token. */
export const WITH_ACCESS_TOKEN_TOO = [
  ...BY_REFRESH_TOKEN,
  ...BY_REFRESH_TOKEN.map((one) => ({ ...one, accessToken: [] })),
]

const header = (description: string) => Type.Optional(Type.String({ description }))
export const CSRF_HEADER = {
  [HEADERS.csrfProof]: header(
    '`1` proves that no foreign page sends the request; needed for a cookie without `Origin`',
  ),
}
export const IDEMPOTENCY_HEADER = {
  [HEADERS.idempotencyKey]: header(
    'the same for every retry of one attempt: ' +
      'a retry gets the lost response at any later time; 1 to 255 visible ASCII characters',
  ),
}
/** Schema of routes behind the middleware. */
export const GUARDED = {
  security: BY_ACCESS_TOKEN,
  headers: Type.Object({
    [HEADERS.refreshToken]: header(
      'renews the pair when it is due; the new one is in the response headers',
    ),
  }),
}
