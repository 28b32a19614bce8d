import { CodedError, toErrorEnvelope } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import { toResponseError } from './to-response-error.ts'

const messageOf = (status: number, body: unknown) =>
  toResponseError(
    { status, headers: new Headers(), body },
    { call: 'a refresh', keySetting: 'RENEWAL_KEYS' },
  ).message

test.each<[string, number, unknown, string]>([
  [
    'a rejected key',
    403,
    toErrorEnvelope(new CodedError('forbidden'), 'r'),
    'auth-api responded 403 to a refresh: forbidden, This is not allowed. Is the key one of RENEWAL_KEYS?',
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
