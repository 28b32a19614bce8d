import { CodedError, toErrorEnvelope } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import { toResponseError } from './to-response-error.ts'

const messageOf = (status: number, body: unknown) =>
  toResponseError(
    { status, headers: new Headers(), body },
    { call: 'a refresh', scope: 'tokens:refresh' },
  ).message

test.each<[string, number, unknown, string]>([
  [
    'an unknown key',
    401,
    toErrorEnvelope(new CodedError('invalid_api_key'), 'r'),
    'auth-api responded 401 to a refresh: invalid_api_key, Send an API key of API_KEYS as Authorization: Bearer. Is the option apiKey the secret of an entry there?',
  ],
  [
    'a key without the scope',
    403,
    toErrorEnvelope(new CodedError('insufficient_scope'), 'r'),
    'auth-api responded 403 to a refresh: insufficient_scope, The API key does not have the scope for this call; see API_KEYS. The call needs tokens:refresh',
  ],
  [
    'another refusal',
    403,
    toErrorEnvelope(new CodedError('forbidden', { detail: 'Unknown Host header' }), 'r'),
    'auth-api responded 403 to a refresh: forbidden, Unknown Host header',
  ],
  [
    'an internal error',
    503,
    toErrorEnvelope(new CodedError('unavailable'), 'r'),
    'auth-api responded 503 to a refresh: unavailable, The service cannot answer right now; try the same request again after Retry-After seconds',
  ],
  [
    'an error page of a proxy',
    403,
    undefined,
    'auth-api responded 403 to a refresh, without an error code of auth-api: a proxy may have responded',
  ],
  [
    'an envelope with an unknown code',
    403,
    { status: 403, message: 'art_secret', data: null, error: { code: 'x' } },
    'auth-api responded 403 to a refresh, without an error code of auth-api: a proxy may have responded',
  ],
])('the error of a failed call describes %s', (_, status, body, message) => {
  expect(messageOf(status, body)).toBe(message)
})
