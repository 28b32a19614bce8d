import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { isRetriable } from './is-retriable.ts'

type KafkaError = new (cause: unknown, options?: object) => Error
const errors = createRequire(import.meta.url)('kafkajs/src/errors.js') as Record<
  | 'KafkaJSNonRetriableError'
  | 'KafkaJSGroupCoordinatorNotFound'
  | 'KafkaJSConnectionError'
  | 'KafkaJSSASLAuthenticationError'
  | 'KafkaJSNumberOfRetriesExceeded',
  KafkaError
>
/** As kafkajs wraps the error that ended its retries. */
const wrapped = (cause: Error) => new errors.KafkaJSNonRetriableError(cause, { cause })

test.each([
  [
    'the coordinator of the group stopped with its broker',
    wrapped(new errors.KafkaJSGroupCoordinatorNotFound('Failed to find group coordinator')),
    true,
  ],
  ['a connection broke', wrapped(new errors.KafkaJSConnectionError('connect ECONNREFUSED')), true],
  [
    'the retries are exhausted',
    new errors.KafkaJSNumberOfRetriesExceeded(new Error('x'), { retryCount: 60, retryTime: 1 }),
    true,
  ],
  ['the password is wrong', wrapped(new errors.KafkaJSSASLAuthenticationError('no')), false],
  ['a defect', new TypeError('x is not a function'), false],
  ['no error at all', 'x', false],
])('%s', (_, error, expected) => {
  expect(isRetriable(error)).toBe(expected)
})
