import type { FastifyRequest } from 'fastify'
import { describe, expect, test, vi } from 'vitest'
import type { RenewalRequest } from '../renewal.ts'
import type { Answer, Question } from './ask.ts'
import { createHttpRenewal } from './create-http-renewal.ts'

const SESSION = '0198c1a0-0000-7000-8000-000000000002'
const answer = (data: object, status = 200): Answer => ({
  status,
  headers: new Headers(),
  body: { status, message: '', data },
})
const RENEWED = {
  outcome: 'renewed',
  access_token: 'a2',
  refresh_token: 'r2',
  refresh_expires_in: 60,
}
const asked = (refreshToken = 'r1'): RenewalRequest => ({
  refreshToken,
  sessionId: SESSION,
  request: { ip: '203.0.113.9', headers: { 'user-agent': 'phone' } } as unknown as FastifyRequest,
})

function setUp(isAway = false) {
  const ask = vi.fn<(question: Question) => Promise<Answer>>(async () => answer(RENEWED))
  let ids = 0
  const now = { ms: 1000 }
  const nowMs = () => now.ms
  const createId = () => `try-${(ids += 1)}`
  const renewal = createHttpRenewal({
    url: 'http://auth/renewals',
    key: 'key',
    ask,
    createId,
    nowMs,
    elapsedMs: nowMs,
    isAway: () => isAway,
  })
  const attempts = () => ask.mock.calls.map(([{ headers }]) => headers?.['idempotency-key'])
  return { renewal, ask, attempts, now }
}

test('both steps of a renewal name the user, the session and one attempt, within a deadline', async () => {
  const { renewal, ask } = setUp()
  const request = asked()
  ask.mockResolvedValueOnce(
    answer({ outcome: 'would_renew', user: { username: 'ann', role: 'user' } }),
  )
  expect(await renewal.peek(request)).toEqual({
    outcome: 'would_renew',
    user: { username: 'ann', role: 'user' },
  })
  expect(await renewal.renew({ ...request })).toEqual({
    outcome: 'renewed',
    accessToken: 'a2',
    refreshToken: 'r2',
    idleUntilMs: 61_000,
  })
  const question = {
    method: 'POST',
    headers: { authorization: 'Bearer key', 'idempotency-key': 'try-1' },
    deadlineMs: 2000,
    body: {
      refresh_token: 'r1',
      expected_session_id: SESSION,
      client: { address: '203.0.113.9', agent: 'phone' },
    },
  }
  expect(ask.mock.calls).toEqual([
    [{ ...question, url: 'http://auth/renewals/peek' }],
    [{ ...question, url: 'http://auth/renewals' }],
  ])
})

test('each request is an attempt of its own', async () => {
  const { renewal, attempts } = setUp()
  await renewal.renew(asked())
  await renewal.renew(asked())
  expect(attempts()).toEqual(['try-1', 'try-2'])
})

test('an answer that stays lost is asked for again by the next request with the same token, until it has come', async () => {
  const { renewal, ask, attempts } = setUp()
  ask.mockRejectedValueOnce(new Error('cut'))
  await expect(renewal.renew(asked())).rejects.toMatchObject({ code: 'unavailable' })
  await renewal.renew(asked('another'))
  ask.mockResolvedValueOnce(
    answer({ outcome: 'would_renew', user: { username: 'ann', role: 'user' } }),
  )
  const next = asked()
  await renewal.peek(next)
  await renewal.renew(next)
  await renewal.renew(asked())
  expect(attempts()).toEqual(['try-1', 'try-2', 'try-1', 'try-1', 'try-3'])
})

const LOST = new Error('cut')
const WOULD_RENEW = answer({ outcome: 'would_renew', user: { username: 'ann', role: 'user' } })

test('requests at once with the same token are one attempt, also when all of them lose the answer', async () => {
  const { renewal, ask, attempts } = setUp()
  const [a, b] = [asked(), asked()]
  ask.mockResolvedValueOnce(WOULD_RENEW).mockResolvedValueOnce(WOULD_RENEW)
  await Promise.all([renewal.peek(a), renewal.peek(b)])
  ask.mockRejectedValueOnce(LOST).mockRejectedValueOnce(LOST)
  await Promise.allSettled([renewal.renew(a), renewal.renew(b)])
  await renewal.renew(asked())
  expect(new Set(attempts())).toEqual(new Set(['try-1']))
})

test('a request that has begun keeps its key when another is answered, and leaves it to nobody', async () => {
  const { renewal, ask, attempts } = setUp()
  const slow = asked()
  ask.mockResolvedValueOnce(WOULD_RENEW)
  await renewal.peek(slow)
  await renewal.renew(asked())
  ask.mockRejectedValueOnce(LOST)
  await expect(renewal.renew(slow)).rejects.toMatchObject({ code: 'unavailable' })
  await renewal.renew(asked())
  expect(attempts()).toEqual(['try-1', 'try-1', 'try-1', 'try-2'])
})

test.each([{ outcome: 'rate_limited', retry_after_seconds: 1 }, { outcome: 'session_mismatch' }])(
  '%o tells nothing about a lost answer: the key stays',
  async (unknowing) => {
    const { renewal, ask, attempts } = setUp()
    ask
      .mockRejectedValueOnce(LOST)
      .mockResolvedValueOnce(answer(unknowing))
      .mockResolvedValueOnce(answer(unknowing))
    await expect(renewal.renew(asked())).rejects.toMatchObject({ code: 'unavailable' })
    await renewal.peek(asked())
    await renewal.renew(asked())
    await renewal.renew(asked())
    expect(attempts()).toEqual(['try-1', 'try-1', 'try-1', 'try-1'])
  },
)

test('a token that nobody would renew is not remembered', async () => {
  const { renewal, ask, attempts } = setUp()
  ask.mockResolvedValueOnce(answer({ outcome: 'invalid' })).mockRejectedValueOnce(LOST)
  await renewal.peek(asked())
  await expect(renewal.peek(asked())).rejects.toMatchObject({ code: 'unavailable' })
  await renewal.renew(asked())
  expect(attempts()).toEqual(['try-1', 'try-2', 'try-3'])
})

test('memory is bounded: the answer that was lost longest ago is given up, and each of them after a day', async () => {
  const { renewal, ask, now } = setUp()
  const keyOf = async (token: string) => {
    await renewal.renew(asked(token)).catch(() => undefined)
    return ask.mock.lastCall?.[0].headers?.['idempotency-key']
  }
  ask.mockRejectedValue(LOST)
  const [oldest, second] = [await keyOf('oldest'), await keyOf('second')]
  for (let i = 0; i < 9998; i += 1) await keyOf(`more-${i}`)
  expect(await keyOf('oldest')).toBe(oldest)
  const last = await keyOf('last')
  expect([await keyOf('oldest'), await keyOf('last')]).toEqual([oldest, last])
  expect(await keyOf('second')).not.toBe(second)
  now.ms += 86_400_001
  expect(await keyOf('last')).not.toBe(last)
})

test('peek and renewal of a request share one deadline', async () => {
  const { renewal, ask, now } = setUp()
  const request = asked()
  ask.mockImplementationOnce(async () => {
    now.ms += 1800
    return WOULD_RENEW
  })
  await renewal.peek(request)
  await renewal.renew({ ...request })
  expect(ask.mock.calls.map(([{ deadlineMs }]) => deadlineMs)).toEqual([2000, 1200])
})

describe('what auth-api says becomes what the middleware knows', () => {
  test.each(['invalid', 'expired', 'revoked', 'reused', 'session_mismatch', 'user_inactive'])(
    '%s',
    async (outcome) => {
      const { renewal, ask } = setUp()
      ask.mockResolvedValue(answer({ outcome }))
      expect([await renewal.peek(asked()), await renewal.renew(asked())]).toEqual([
        { outcome },
        { outcome },
      ])
    },
  )

  test('a limit', async () => {
    const { renewal, ask } = setUp()
    ask.mockResolvedValue(answer({ outcome: 'rate_limited', retry_after_seconds: 7 }))
    expect(await renewal.peek(asked())).toEqual({ outcome: 'rate_limited', retryAfterSeconds: 7 })
  })

  test.each<[string, Answer]>([
    ['a 503', answer({}, 503)],
    ['a refused key', answer({}, 403)],
    ['an outcome that nobody knows', answer({ outcome: 'fine' })],
    ['a pair without a token', answer({ ...RENEWED, refresh_token: undefined })],
    ['a page of a proxy', { status: 200, headers: new Headers(), body: undefined }],
  ])('%s is trouble, never a refusal', async (_, bad) => {
    const { renewal, ask } = setUp()
    ask.mockResolvedValue(bad)
    await expect(renewal.peek(asked())).rejects.toMatchObject({ code: 'unavailable' })
    await expect(renewal.renew(asked())).rejects.toMatchObject({ code: 'unavailable' })
  })
})

test('an auth-api that is known to be away is not asked', async () => {
  const { renewal, ask } = setUp(true)
  await expect(renewal.peek(asked())).rejects.toMatchObject({ code: 'unavailable' })
  expect(ask).not.toHaveBeenCalled()
})
