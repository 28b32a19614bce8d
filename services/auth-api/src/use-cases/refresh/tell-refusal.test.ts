import { expect, test, vi } from 'vitest'
import { createBoundedLimiter } from '../../adapters/limits/create-bounded-limiter.ts'
import type { RefusalEvents } from '../../ports/refresh.ts'
import { context, SESSION_ID } from '../../testing/fakes.ts'
import { createTellRefusal } from './tell-refusal.ts'

function setUp(points = 100) {
  const publish = vi.fn<RefusalEvents['publish']>()
  return {
    publish,
    tell: createTellRefusal({
      events: { publish },
      limit: createBoundedLimiter({ limit: { points, seconds: 60 } }),
    }),
  }
}

test.each([
  ['invalid', 'refresh_token_invalid'],
  ['expired', 'refresh_token_expired'],
  ['revoked', 'refresh_token_revoked'],
  ['reused', 'refresh_token_reused'],
  ['session_mismatch', 'session_mismatch'],
  ['user_inactive', 'user_inactive'],
] as const)(
  'a token refused as %s is told under the code that its bearer met',
  async (outcome, code) => {
    const { publish, tell } = setUp()
    tell(outcome, { sessionId: SESSION_ID, context })
    await expect
      .poll(() => publish.mock.calls)
      .toEqual([[{ code, sessionId: SESSION_ID, context }]])
  },
)

test('a limit, trouble of ours and a success are no refusals', async () => {
  const { publish, tell } = setUp()
  for (const outcome of [
    'rate_limited',
    'unavailable',
    'unknown_kid',
    'unknown_session',
    'rotated',
    'replayed',
    'not_due',
  ] as const)
    tell(outcome, { sessionId: undefined, context })
  tell('expired', { sessionId: undefined, context })
  await expect
    .poll(() => publish.mock.calls.map(([{ code }]) => code))
    .toEqual(['refresh_token_expired'])
})

test('one address that is refused without end is told to a bound, and holds up no other', async () => {
  const { publish, tell } = setUp(3)
  for (let i = 0; i < 50; i += 1) tell('revoked', { sessionId: SESSION_ID, context })
  tell('revoked', { sessionId: SESSION_ID, context: { ...context, block: '198.51.100.9/32' } })
  await expect.poll(() => publish.mock.calls.at(-1)?.[0].context.block).toBe('198.51.100.9/32')
  expect(publish).toHaveBeenCalledTimes(4)
})
