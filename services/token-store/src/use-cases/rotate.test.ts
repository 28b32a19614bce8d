import { expect, test } from 'vitest'
import type { RotateRequest } from '@auto-refresh/contracts'
import type { RefreshTokens, Sessions } from '../ports.ts'
import { createRotate } from './rotate.ts'

const policy = {
  graceMs: 60_000,
  refreshTtlMs: 1,
  rotationLimit: null,
  replayLimit: null,
  replayContext: 'warn',
  currentMacKid: 1,
} as const
const request = (sessionId: string): RotateRequest => ({
  token: sessionId,
  context: { network: 'n', agent: 'a' },
  accessTtlSeconds: 60,
})
const refreshTokens = {
  decode: (sessionId: string) => ({
    outcome: 'authentic',
    decoded: { sessionId, generation: 0, nonceHash: 'n' },
  }),
} as unknown as RefreshTokens

test('a batch that is retried session by session ends at the deadline of its callers', async () => {
  let nowMs = 0
  const tried: number[] = []
  const sessions = {
    async change(ids: readonly string[]) {
      tried.push(ids.length)
      nowMs += 500
      throw new Error('rolled back')
    },
  } as unknown as Sessions
  const rotate = createRotate({
    sessions,
    refreshTokens,
    policy,
    service: { rotationCommitted() {} },
    isRolledBack: () => true,
    longestMs: 1500,
    nowMs: () => nowMs,
  })
  const answers = await rotate(Array.from({ length: 60 }, (_, i) => request(`session ${i}`)))
  expect(tried).toEqual([60, 1, 1, 1])
  expect(
    answers
      .slice(4)
      .every(
        (answer) => answer instanceof Error && 'code' in answer && answer.code === 'unavailable',
      ),
  ).toBe(true)
})

test('a batch that may have been committed is not retried', async () => {
  let tries = 0
  const sessions = {
    async change() {
      tries += 1
      throw new Error('the connection broke')
    },
  } as unknown as Sessions
  const rotate = createRotate({
    sessions,
    refreshTokens,
    policy,
    service: { rotationCommitted() {} },
    isRolledBack: () => false,
    longestMs: 1500,
    nowMs: () => 0,
  })
  expect(await rotate([request('a'), request('b')])).toEqual([expect.any(Error), expect.any(Error)])
  expect(tries).toBe(1)
})
