import {
  CodedError,
  Envelope,
  ErrorEnvelope,
  EXAMPLE,
  HEADERS,
  toErrorEnvelope,
  type ErrorCode,
} from '@auto-refresh/contracts'
import { Type, type TProperties, type TSchema } from 'typebox'

const text = (description: string) => Type.String({ description })
const seconds = (description: string) => Type.Integer({ minimum: 0, description })

const ON_EVERY_RESPONSE = {
  'cache-control': Type.Literal('no-store, private'),
  [HEADERS.requestId]: text(
    'id of this request in our log; a well-formed id in the request is kept',
  ),
}
const RETRY_AFTER = { 'retry-after': seconds('seconds after which the same request may succeed') }

/** One response of a route. Description and headers are only for the API reference. */
export function response<Schema extends TSchema>(
  schema: Schema,
  description: string,
  headers: TProperties = {},
): Schema {
  return {
    ...schema,
    'x-response-description': description,
    headers: { ...ON_EVERY_RESPONSE, ...headers },
  }
}

/** An error response with an example of `code`. */
function failure(code: ErrorCode, description: string, headers?: TProperties) {
  const example = toErrorEnvelope(new CodedError(code), EXAMPLE.requestId)
  return response({ ...ErrorEnvelope, examples: [example] }, description, headers)
}

/** The failures of all routes. */
export const FAILURES = {
  '4xx': failure('invalid_request', 'The request was refused; see `error.code`'),
  503: failure(
    'unavailable',
    'Internal error or overload: repeat the same request, keep the tokens',
    RETRY_AFTER,
  ),
}
export const UNAUTHENTICATED = {
  401: failure('access_token_expired', 'Not authenticated; see `error.code`', {
    'www-authenticate': Type.Literal('Bearer'),
  }),
}
export const LIMITED = {
  429: failure('rate_limited', 'Too many failures: wait, keep the tokens', RETRY_AFTER),
}

/** The responses of a route: its success and all failures. */
export function responses<Data extends TSchema>(data: Data, headers?: TProperties) {
  return { 200: response(Envelope(data), 'Done; the result is `data`', headers), ...FAILURES }
}

/** The responses to a user, with 401 and 429. */
export function userResponses<Data extends TSchema>(data: Data, headers?: TProperties) {
  return { ...responses(data, headers), ...UNAUTHENTICATED, ...LIMITED }
}

export const NothingData = Type.Null()
export const nothing = (message: string) => ({ status: 200, message, data: null })

export const PAIR_HEADERS = { 'set-cookie': text('the refresh token, in cookie mode') }
export const LOGOUT_HEADERS = { 'set-cookie': text('clears the refresh cookie that was sent') }
/** Response headers of routes behind the middleware. */
export const RENEWAL_HEADERS = {
  [HEADERS.tokenRefreshed]: Type.Literal('true', { description: 'when the pair was renewed' }),
  [HEADERS.newAccessToken]: text('when the pair was renewed'),
  [HEADERS.newRefreshToken]: text(
    'when the pair was renewed, unless the refresh token was sent as a cookie',
  ),
  'set-cookie': text(
    'the new refresh token, when the pair was renewed and the old one was sent as a cookie',
  ),
}
export const VERIFIED_HEADERS = {
  [HEADERS.authUser]: text('id of the user'),
  [HEADERS.authUsername]: text(
    'name of the user; `%` and what is not printable ASCII are percent-encoded',
  ),
  [HEADERS.authRole]: text('role of the user'),
  [HEADERS.authSession]: text('id of the session'),
  [HEADERS.tokenRefreshed]: Type.Literal('true', { description: 'when the pair was renewed' }),
  [HEADERS.newAccessToken]: text('when the pair was renewed'),
  'set-cookie': text('the new refresh token, and the access token, when the pair was renewed'),
  [`${HEADERS.authSetCookie}-1`]: text(
    'the first `Set-Cookie`, if the request has `Sec-Repeat-Cookies`; at most four are repeated',
  ),
  [`${HEADERS.authSetCookie}-2`]: text('the second one'),
  [`${HEADERS.authSetCookie}-3`]: text('the third one, which clears an outdated cookie'),
  [`${HEADERS.authSetCookie}-4`]: text('the fourth one'),
}
export const REVOCATIONS_HEADERS = {
  etag: text('of the list; send it in `If-None-Match`'),
  age: seconds('seconds since token-store last responded'),
  'x-clock-ms': seconds(
    'the time that dates tokens, in Unix milliseconds; correct your clock by it',
  ),
}
