import { CodedError } from '@auto-refresh/contracts'
import { describe, expect, test } from 'vitest'
import { isUnavailable, toUnavailable } from './unavailable.ts'

const withCode = (code: string) => Object.assign(new Error('x'), { code })

describe('isUnavailable', () => {
  test.each([
    'ECONNREFUSED',
    'EPIPE',
    '57P01',
    '57014',
    '55P03',
    '40001',
    '40P01',
    '53300',
    '08006',
    '25P03',
    '28P01',
    'XX000',
  ])('%s is temporary', (code) => {
    expect(isUnavailable(withCode(code))).toBe(true)
  })

  test.each([
    'Query read timeout',
    'timeout expired',
    'Connection terminated unexpectedly',
    'Cannot use a pool after calling end on the pool',
  ])('pg\'s "%s", which has no code, can too', (message) => {
    expect(isUnavailable(new Error(message))).toBe(true)
  })

  test.each(['42601', '23505', '22P02'])('%s is a mistake in the statement or its data', (code) => {
    expect(isUnavailable(withCode(code))).toBe(false)
  })

  test('a host name whose addresses all refuse the connection is unavailable', () => {
    expect(
      isUnavailable(new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNREFUSED')])),
    ).toBe(true)
    expect(isUnavailable(new AggregateError([withCode('ECONNREFUSED'), new TypeError('x')]))).toBe(
      false,
    )
  })

  test('other errors are not unavailable', () => {
    expect(isUnavailable(new TypeError('undefined is not a function'))).toBe(false)
    expect(isUnavailable('ECONNREFUSED')).toBe(false)
    expect(isUnavailable(new CodedError('invalid_request'))).toBe(false)
  })
})

test('toUnavailable keeps the cause for the log, and returns a coded error unchanged', () => {
  const cause = withCode('42601')
  expect(toUnavailable(cause)).toMatchObject({ code: 'unavailable', cause })
  const coded = new CodedError('not_found')
  expect(toUnavailable(coded)).toBe(coded)
})
