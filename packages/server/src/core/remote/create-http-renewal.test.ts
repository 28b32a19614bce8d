import { CodedError, toErrorEnvelope } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'
import { describe, expect, test, vi } from 'vitest'
import type { Log } from '../log.ts'
import type { RenewalRequest } from '../renewal.ts'
import type { Answer, AuthApiRequest } from './call-auth-api.ts'
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
const renewalOf = (refreshToken = 'r1'): RenewalRequest => ({
  refreshToken,
  sessionId: SESSION,
  request: { ip: '203.0.113.9', headers: { 'user-agent': 'phone' } } as unknown as FastifyRequest,
})

function setUp(isUnavailable = false) {
  const callAuthApi = vi.fn<(question: AuthApiRequest) => Promise<Answer>>(async () =>
    answer(RENEWED),
  )
  let ids = 0
  const now = { ms: 1000 }
  const nowMs = () => now.ms
  const createId = () => `try-${(ids += 1)}`
  const log = { error: vi.fn<Log['error']>() }
  const renewal = createHttpRenewal({
    url: 'http://auth/renewals',
    key: 'key',
    callAuthApi,
    createId,
    nowMs,
    elapsedMs: nowMs,
    isUnavailable: () => isUnavailable,
    log,
  })
  const attempts = () => callAuthApi.mock.calls.map(([{ headers }]) => headers?.['idempotency-key'])
  return { renewal, callAuthApi, attempts, now, log }
}

test('peek and refresh send the client, the session and one idempotency key, within a deadline', async () => {
  const { renewal, callAuthApi } = setUp()
  const request = renewalOf()
  callAuthApi.mockResolvedValueOnce(
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
  expect(callAuthApi.mock.calls).toEqual([
    [{ ...question, url: 'http://auth/renewals/peek' }],
    [{ ...question, url: 'http://auth/renewals' }],
  ])
})

test('each token has its own idempotency key', async () => {
  const { renewal, attempts } = setUp()
  await renewal.renew(renewalOf())
  await renewal.renew(renewalOf())
  expect(attempts()).toEqual(['try-1', 'try-2'])
})

test('the next request with the same token fetches a lost answer, until one has arrived', async () => {
  const { renewal, callAuthApi, attempts } = setUp()
  callAuthApi.mockRejectedValueOnce(new Error('cut'))
  await expect(renewal.renew(renewalOf())).rejects.toMatchObject({ code: 'unavailable' })
  await renewal.renew(renewalOf('another'))
  callAuthApi.mockResolvedValueOnce(
    answer({ outcome: 'would_renew', user: { username: 'ann', role: 'user' } }),
  )
  const next = renewalOf()
  await renewal.peek(next)
  await renewal.renew(next)
  await renewal.renew(renewalOf())
  expect(attempts()).toEqual(['try-1', 'try-2', 'try-1', 'try-1', 'try-3'])
})

const LOST = new Error('cut')
const WOULD_RENEW = answer({ outcome: 'would_renew', user: { username: 'ann', role: 'user' } })

test('concurrent requests with the same token share one key, even if all of them lose the answer', async () => {
  const { renewal, callAuthApi, attempts } = setUp()
  const [a, b] = [renewalOf(), renewalOf()]
  callAuthApi.mockResolvedValueOnce(WOULD_RENEW).mockResolvedValueOnce(WOULD_RENEW)
  await Promise.all([renewal.peek(a), renewal.peek(b)])
  callAuthApi.mockRejectedValueOnce(LOST).mockRejectedValueOnce(LOST)
  await Promise.allSettled([renewal.renew(a), renewal.renew(b)])
  await renewal.renew(renewalOf())
  expect(new Set(attempts())).toEqual(new Set(['try-1']))
})

test('a pending request keeps its key when another one is answered, and no later request gets it', async () => {
  const { renewal, callAuthApi, attempts } = setUp()
  const slow = renewalOf()
  callAuthApi.mockResolvedValueOnce(WOULD_RENEW)
  await renewal.peek(slow)
  await renewal.renew(renewalOf())
  callAuthApi.mockRejectedValueOnce(LOST)
  await expect(renewal.renew(slow)).rejects.toMatchObject({ code: 'unavailable' })
  await renewal.renew(renewalOf())
  expect(attempts()).toEqual(['try-1', 'try-1', 'try-1', 'try-2'])
})

test.each([{ outcome: 'rate_limited', retry_after_seconds: 1 }, { outcome: 'session_mismatch' }])(
  '%o does not settle a lost answer: the key stays',
  async (unknowing) => {
    const { renewal, callAuthApi, attempts } = setUp()
    callAuthApi
      .mockRejectedValueOnce(LOST)
      .mockResolvedValueOnce(answer(unknowing))
      .mockResolvedValueOnce(answer(unknowing))
    await expect(renewal.renew(renewalOf())).rejects.toMatchObject({ code: 'unavailable' })
    await renewal.peek(renewalOf())
    await renewal.renew(renewalOf())
    await renewal.renew(renewalOf())
    expect(attempts()).toEqual(['try-1', 'try-1', 'try-1', 'try-1'])
  },
)

test('no key is kept for a token that would not be refreshed', async () => {
  const { renewal, callAuthApi, attempts } = setUp()
  callAuthApi.mockResolvedValueOnce(answer({ outcome: 'invalid' })).mockRejectedValueOnce(LOST)
  await renewal.peek(renewalOf())
  await expect(renewal.peek(renewalOf())).rejects.toMatchObject({ code: 'unavailable' })
  await renewal.renew(renewalOf())
  expect(attempts()).toEqual(['try-1', 'try-2', 'try-3'])
})

test('memory is bounded: keys are dropped oldest first, and each after a day', async () => {
  const { renewal, callAuthApi, now } = setUp()
  const keyOf = async (token: string) => {
    await renewal.renew(renewalOf(token)).catch(() => undefined)
    return callAuthApi.mock.lastCall?.[0].headers?.['idempotency-key']
  }
  callAuthApi.mockRejectedValue(LOST)
  const [oldest, second] = [await keyOf('oldest'), await keyOf('second')]
  for (let i = 0; i < 9998; i += 1) await keyOf(`more-${i}`)
  expect(await keyOf('oldest')).toBe(oldest)
  const last = await keyOf('last')
  expect([await keyOf('oldest'), await keyOf('last')]).toEqual([oldest, last])
  expect(await keyOf('second')).not.toBe(second)
  now.ms += 86_400_001
  expect(await keyOf('last')).not.toBe(last)
})

test('peek and refresh of one request share one deadline', async () => {
  const { renewal, callAuthApi, now } = setUp()
  const request = renewalOf()
  callAuthApi.mockImplementationOnce(async () => {
    now.ms += 1800
    return WOULD_RENEW
  })
  await renewal.peek(request)
  await renewal.renew({ ...request })
  expect(callAuthApi.mock.calls.map(([{ deadlineMs }]) => deadlineMs)).toEqual([2000, 1200])
})

describe('outcomes of auth-api are passed on', () => {
  test.each(['invalid', 'expired', 'revoked', 'reused', 'session_mismatch', 'user_inactive'])(
    '%s',
    async (outcome) => {
      const { renewal, callAuthApi } = setUp()
      callAuthApi.mockResolvedValue(answer({ outcome }))
      expect([await renewal.peek(renewalOf()), await renewal.renew(renewalOf())]).toEqual([
        { outcome },
        { outcome },
      ])
    },
  )

  test('a limit', async () => {
    const { renewal, callAuthApi } = setUp()
    callAuthApi.mockResolvedValue(answer({ outcome: 'rate_limited', retry_after_seconds: 7 }))
    expect(await renewal.peek(renewalOf())).toEqual({
      outcome: 'rate_limited',
      retryAfterSeconds: 7,
    })
  })

  test.each<[string, Answer]>([
    ['a 503', answer({}, 503)],
    ['a rejected key', answer({}, 403)],
    ['an unknown outcome', answer({ outcome: 'fine' })],
    ['a pair without a token', answer({ ...RENEWED, refresh_token: undefined })],
    ['an error page of a proxy', { status: 200, headers: new Headers(), body: undefined }],
  ])('%s is unavailable, never a refusal', async (_, bad) => {
    const { renewal, callAuthApi } = setUp()
    callAuthApi.mockResolvedValue(bad)
    await expect(renewal.peek(renewalOf())).rejects.toMatchObject({ code: 'unavailable' })
    await expect(renewal.renew(renewalOf())).rejects.toMatchObject({ code: 'unavailable' })
  })
})

test('an auth-api known to be unavailable is not called', async () => {
  const { renewal, callAuthApi } = setUp(true)
  await expect(renewal.peek(renewalOf())).rejects.toMatchObject({ code: 'unavailable' })
  expect(callAuthApi).not.toHaveBeenCalled()
})

test('a key without the scope is logged once, although users with due tokens pass', async () => {
  const { renewal, callAuthApi, log } = setUp()
  const error = new CodedError('insufficient_scope')
  const rejected = { status: 403, headers: new Headers(), body: toErrorEnvelope(error, 'r') }
  callAuthApi.mockResolvedValue(rejected)
  for (const token of ['r1', 'r2', 'r3'])
    await expect(renewal.peek(renewalOf(token))).rejects.toMatchObject({ code: 'unavailable' })
  const cause: unknown = expect.objectContaining({
    message: expect.stringContaining('insufficient_scope') as unknown,
  })
  expect(log.error.mock.calls).toEqual([[{ err: cause }, expect.any(String)]])
})

test("a call names the request of the back end, so that auth-api's log has the same id", async () => {
  const { renewal, callAuthApi } = setUp()
  const renewWith = async (id: string) => {
    const given = renewalOf()
    await renewal.renew({ ...given, request: { ...given.request, id } })
    return callAuthApi.mock.lastCall?.[0].headers?.['x-request-id']
  }
  expect(await renewWith('0198c1a0-0000-7000-8000-000000000003')).toBe(
    '0198c1a0-0000-7000-8000-000000000003',
  )
  for (const unfit of ['', 'a\nb', 'ü', 'x'.repeat(65)])
    expect(await renewWith(unfit)).toBe(undefined)
})

test('with 500 calls in flight further ones fail at once, and go on when the others have ended', async () => {
  const { renewal, callAuthApi } = setUp()
  const { promise, resolve } = Promise.withResolvers<Answer>()
  callAuthApi.mockReturnValue(promise)
  const slow = Array.from({ length: 500 }, async (_, index) =>
    renewal.renew(renewalOf(`r${index}`)),
  )
  await vi.waitFor(() => expect(callAuthApi).toHaveBeenCalledTimes(500))
  await expect(renewal.renew(renewalOf('one more'))).rejects.toMatchObject({ code: 'unavailable' })
  expect(callAuthApi).toHaveBeenCalledTimes(500)
  resolve(answer(RENEWED))
  await Promise.all(slow)
  expect(await renewal.renew(renewalOf('one more'))).toMatchObject({ outcome: 'renewed' })
})
