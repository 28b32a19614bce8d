import { expect, test, vi } from 'vitest'
import { createBoundedLimiter } from '../../adapters/limits/create-bounded-limiter.ts'
import type { RefusalEvents } from '../../ports/refresh.ts'
import { context, SESSION_ID } from '../../testing/fakes.ts'
import { createPublishRefusal } from './publish-refusal.ts'

function setUp(points = 100) {
  const publish = vi.fn<RefusalEvents['publish']>()
  return {
    publish,
    publishRefusal: createPublishRefusal({
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
  'a token refused as %s is published with the error code of its caller',
  async (outcome, code) => {
    const { publish, publishRefusal } = setUp()
    publishRefusal(outcome, { sessionId: SESSION_ID, context })
    await expect
      .poll(() => publish.mock.calls)
      .toEqual([[{ code, sessionId: SESSION_ID, context }]])
  },
)

test('rate limits, internal errors and successes are not published', async () => {
  const { publish, publishRefusal } = setUp()
  for (const outcome of [
    'rate_limited',
    'unavailable',
    'unknown_kid',
    'unknown_session',
    'rotated',
    'replayed',
    'not_due',
  ] as const)
    publishRefusal(outcome, { sessionId: undefined, context })
  publishRefusal('expired', { sessionId: undefined, context })
  await expect
    .poll(() => publish.mock.calls.map(([{ code }]) => code))
    .toEqual(['refresh_token_expired'])
})

test('refusals of one address are published up to a limit, which does not affect other addresses', async () => {
  const { publish, publishRefusal } = setUp(3)
  for (let i = 0; i < 50; i += 1) publishRefusal('revoked', { sessionId: SESSION_ID, context })
  publishRefusal('revoked', {
    sessionId: SESSION_ID,
    context: { ...context, block: '198.51.100.9/32' },
  })
  await expect.poll(() => publish.mock.calls.at(-1)?.[0].context.block).toBe('198.51.100.9/32')
  expect(publish).toHaveBeenCalledTimes(4)
})
