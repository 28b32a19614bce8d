import { CodedError, toErrorEnvelope } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import { toAnswerError } from './to-answer-error.ts'

const tell = (status: number, body: unknown) =>
  toAnswerError(
    { status, headers: new Headers(), body },
    { question: 'a renewal', keySetting: 'RENEWAL_KEYS' },
  ).message

test.each<[string, number, unknown, string]>([
  [
    'a refused key',
    403,
    toErrorEnvelope(new CodedError('forbidden'), 'r'),
    'auth-api answered 403 to a renewal: forbidden, This is not allowed. Is the key one of RENEWAL_KEYS?',
  ],
  [
    'another refusal',
    403,
    toErrorEnvelope(new CodedError('forbidden', { detail: 'This host name is not ours' }), 'r'),
    'auth-api answered 403 to a renewal: forbidden, This host name is not ours',
  ],
  [
    'trouble',
    503,
    toErrorEnvelope(new CodedError('unavailable'), 'r'),
    'auth-api answered 503 to a renewal: unavailable, The service cannot answer right now; try the same request again after Retry-After seconds',
  ],
  [
    'a page of a proxy',
    403,
    undefined,
    'auth-api answered 403 to a renewal, without an error code of auth-api: a proxy may have responded',
  ],
  [
    'what only looks like ours',
    403,
    { status: 403, message: 'art_secret', data: null, error: { code: 'x' } },
    'auth-api answered 403 to a renewal, without an error code of auth-api: a proxy may have responded',
  ],
])('%s is told as what it is', (_, status, body, told) => {
  expect(tell(status, body)).toBe(told)
})
