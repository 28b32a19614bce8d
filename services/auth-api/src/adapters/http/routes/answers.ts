import { Envelope, ErrorEnvelope, HEADERS } from '@auto-refresh/contracts'
import { Type, type TProperties, type TSchema } from 'typebox'

const text = (description: string) => Type.String({ description })
const seconds = (description: string) => Type.Integer({ minimum: 0, description })

const ON_EVERY_ANSWER = {
  'cache-control': Type.Literal('no-store, private'),
  [HEADERS.requestId]: text(
    'names this request in our log; a well-formed one that the request brings is kept',
  ),
}
const RETRY_AFTER = { 'retry-after': seconds('seconds after which the same request may succeed') }

/** One answer of a route. Description and headers are for the API reference alone. */
export function answer<Schema extends TSchema>(
  schema: Schema,
  description: string,
  headers: TProperties = {},
): Schema {
  return {
    ...schema,
    'x-response-description': description,
    headers: { ...ON_EVERY_ANSWER, ...headers },
  }
}

/** What every route may answer. */
export const FAILURES = {
  '4xx': answer(ErrorEnvelope, 'The request is refused; decide by `error.code`'),
  503: answer(
    ErrorEnvelope,
    'Trouble on our side: send the same request again, keep the tokens',
    RETRY_AFTER,
  ),
}
export const UNAUTHENTICATED = {
  401: answer(ErrorEnvelope, 'It is not proven who asks; decide by `error.code`', {
    'www-authenticate': Type.Literal('Bearer'),
  }),
}
const LIMITED = {
  429: answer(ErrorEnvelope, 'Too many failures: wait, keep the tokens', RETRY_AFTER),
}

/** The answers of a route: what it promises, and the one shape of every failure. */
export function answers<Data extends TSchema>(data: Data, headers?: TProperties) {
  return { 200: answer(Envelope(data), 'Done; the result is `data`', headers), ...FAILURES }
}

/** The answers to a user, who may also not be known, or have to wait. */
export function userAnswers<Data extends TSchema>(data: Data, headers?: TProperties) {
  return { ...answers(data, headers), ...UNAUTHENTICATED, ...LIMITED }
}

export const NothingData = Type.Null()
export const nothing = (message: string) => ({ status: 200, message, data: null })

export const PAIR_HEADERS = { 'set-cookie': text('the refresh token, where it travels by cookie') }
export const LOGOUT_HEADERS = { 'set-cookie': text('clears the cookie that took part') }
/** Behind the middleware. */
export const RENEWAL_HEADERS = {
  [HEADERS.tokenRefreshed]: Type.Literal('true', { description: 'when the pair was renewed' }),
  [HEADERS.newAccessToken]: text('when the pair was renewed'),
  [HEADERS.newRefreshToken]: text(
    'when the pair was renewed, unless the refresh token came by cookie',
  ),
  'set-cookie': text(
    'the new refresh token, when the old one came by cookie and the pair was renewed',
  ),
}
export const REVOCATIONS_HEADERS = {
  etag: text('of the list; send it in `If-None-Match`'),
  age: seconds('seconds since token-store was last heard'),
  'x-clock-ms': seconds(
    'the time by which tokens are dated, in Unix milliseconds; correct your clock by it',
  ),
}
