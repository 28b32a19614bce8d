import { CodedError } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import { createOutageLog } from './create-outage-log.ts'

test('an outage is logged at most ten times a second, and the next line reports how many were dropped', () => {
  const lines: unknown[] = []
  const warn = (fields: object) => void lines.push(fields)
  let nowMs = 5000
  const cause = new Error('auth-api is unavailable')
  const logOutage = createOutageLog({ nowMs: () => nowMs })
  for (let i = 0; i < 100; i += 1) logOutage(new CodedError('unavailable', { cause }), { warn })
  expect(lines).toEqual(Array.from({ length: 10 }, () => ({ omitted: 0, err: cause })))
  nowMs += 1000
  logOutage(new CodedError('unavailable', { cause }), { warn })
  expect(lines.at(-1)).toMatchObject({ omitted: 90 })
})

test('a refusal of a token is no outage', () => {
  const warn = () => expect.unreachable()
  createOutageLog({ nowMs: () => 0 })(new CodedError('access_token_expired'), { warn })
})
