import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Answer, AuthApiRequest } from './call-auth-api.ts'
import { createRevocationFeed } from './create-revocation-feed.ts'

const A = '0198c1a0-0000-7000-8000-00000000000a'
const B = '0198c1a0-0000-7000-8000-00000000000b'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const list = (etag: string, ...sessions: string[]): Answer => ({
  status: 200,
  headers: new Headers({ etag }),
  body: {
    status: 200,
    message: '',
    data: { revocations: sessions.map((session_id) => ({ session_id, expires_in: 60 })) },
  },
})
const aged = (answer: Answer, age: string): Answer => ({
  ...answer,
  headers: new Headers([...answer.headers, ['age', age]]),
})
const UNCHANGED: Answer = { status: 304, headers: new Headers(), body: undefined }

function setUp() {
  const callAuthApi = vi.fn<(question: AuthApiRequest) => Promise<Answer>>(async () => list('"1"'))
  const log = { warn: vi.fn<() => void>(), info: vi.fn<() => void>() }
  const onRetired = vi.fn<() => void>()
  const feed = createRevocationFeed({
    url: 'http://auth/list',
    key: 'key',
    callAuthApi,
    elapsedMs: () => performance.now(),
    log,
    onRetired,
  })
  return { feed, callAuthApi, log, onRetired }
}

test('a revocation is known within one poll, and an unchanged list is not sent again', async () => {
  const { feed, callAuthApi } = setUp()
  feed.start()
  await feed.read
  callAuthApi.mockResolvedValueOnce(list('"2"', A)).mockResolvedValue(UNCHANGED)
  await vi.advanceTimersByTimeAsync(1000)
  expect([feed.isRevoked(A), feed.isRevoked(B)]).toEqual([true, false])
  await vi.advanceTimersByTimeAsync(2000)
  expect(callAuthApi.mock.calls.map(([question]) => question.headers)).toEqual([
    { authorization: 'Bearer key' },
    { authorization: 'Bearer key', 'if-none-match': '"1"' },
    { authorization: 'Bearer key', 'if-none-match': '"2"' },
    { authorization: 'Bearer key', 'if-none-match': '"2"' },
  ])
  expect([feed.isRevoked(A), feed.ageMs()]).toEqual([true, 0])
  await feed.stop()
})

test('an entry stays until it expires, even if another replica does not name it', async () => {
  const { feed, callAuthApi } = setUp()
  callAuthApi.mockResolvedValueOnce(list('"2"', A))
  feed.start()
  await vi.advanceTimersByTimeAsync(59_000)
  expect(feed.isRevoked(A)).toBe(true)
  await vi.advanceTimersByTimeAsync(2000)
  expect(feed.isRevoked(A)).toBe(false)
  await feed.stop()
})

test('while auth-api is unavailable the list stays in use, with one warning and one line at the recovery', async () => {
  const { feed, callAuthApi, log } = setUp()
  callAuthApi.mockResolvedValueOnce(list('"2"', A))
  feed.start()
  await feed.read
  callAuthApi.mockRejectedValue(new Error('no connection'))
  await vi.advanceTimersByTimeAsync(5000)
  expect([feed.isUnavailable(), log.warn.mock.calls.length]).toEqual([false, 0])
  await vi.advanceTimersByTimeAsync(20_000)
  expect([feed.isUnavailable(), feed.isRevoked(A), log.warn.mock.calls.length]).toEqual([
    true,
    true,
    1,
  ])
  callAuthApi.mockResolvedValue(list('"3"', A, B))
  await vi.advanceTimersByTimeAsync(1000)
  expect([feed.isUnavailable(), feed.isRevoked(B), log.info.mock.calls.length]).toEqual([
    false,
    true,
    1,
  ])
  await feed.stop()
})

test("the age of auth-api's own list counts, also for unchanged answers; of several replicas the most recent one", async () => {
  const { feed, callAuthApi, log } = setUp()
  callAuthApi.mockResolvedValueOnce(aged(list('"1"', A), '2'))
  feed.start()
  await feed.read
  let age = 2
  callAuthApi.mockImplementation(async () => aged(UNCHANGED, String((age += 1))))
  expect(feed.ageMs()).toBe(2000)
  await vi.advanceTimersByTimeAsync(6500)
  expect([
    feed.ageMs(),
    feed.isUnavailable(),
    feed.isRevoked(A),
    log.warn.mock.calls.length,
  ]).toEqual([8500, false, true, 1])
  callAuthApi.mockResolvedValueOnce(aged(UNCHANGED, 'soon'))
  await vi.advanceTimersByTimeAsync(2000)
  expect([feed.ageMs(), log.warn.mock.calls.length, log.info.mock.calls.length]).toEqual([
    1500, 1, 1,
  ])
  await feed.stop()
})

test('an auth-api that rejects the request for revocations is not unavailable: refreshes are still sent', async () => {
  const { feed, callAuthApi, log } = setUp()
  feed.start()
  await feed.read
  callAuthApi.mockResolvedValue({ status: 403, headers: new Headers(), body: {} })
  await vi.advanceTimersByTimeAsync(20_000)
  expect([feed.isUnavailable(), feed.ageMs(), log.warn.mock.calls.length]).toEqual([
    false,
    20_000,
    1,
  ])
  await feed.stop()
})

test.each<[string, Answer]>([
  ['a refused key', { status: 403, headers: new Headers(), body: {} }],
  [
    'another form',
    { status: 200, headers: new Headers(), body: { data: { revocations: [{ session_id: 'x' }] } } },
  ],
  ['a page of a proxy', { status: 200, headers: new Headers(), body: undefined }],
])('%s is no list: the feed stays unread, with a warning', async (_, answer) => {
  const { feed, callAuthApi, log } = setUp()
  callAuthApi.mockResolvedValue(answer)
  let read = false
  void feed.read.then(() => (read = true))
  feed.start()
  await vi.advanceTimersByTimeAsync(3000)
  expect([read, feed.ageMs(), log.warn.mock.calls.length]).toEqual([false, Infinity, 1])
  callAuthApi.mockResolvedValue(list('"1"'))
  await vi.advanceTimersByTimeAsync(1000)
  expect(read).toBe(true)
  await feed.stop()
})

test('after the whole list only increments are requested, and the whole list again every ten minutes', async () => {
  const { feed, callAuthApi } = setUp()
  const increment = (asOf: string, partial: boolean, ...sessions: string[]): Answer => {
    const revocations = sessions.map((session_id) => ({ session_id, expires_in: 3600 }))
    return {
      status: 200,
      headers: new Headers(),
      body: { status: 200, message: '', data: { as_of: asOf, partial, revocations } },
    }
  }
  callAuthApi
    .mockResolvedValueOnce(increment('100', false, A))
    .mockResolvedValueOnce(increment('200', true, B))
    .mockResolvedValue(increment('300', true))
  feed.start()
  await vi.advanceTimersByTimeAsync(2000)
  expect([feed.isRevoked(A), feed.isRevoked(B)]).toEqual([true, true])
  expect(callAuthApi.mock.calls.map(([{ url }]) => url)).toEqual([
    'http://auth/list',
    'http://auth/list?since=100',
    'http://auth/list?since=200',
  ])
  callAuthApi.mockClear()
  await vi.advanceTimersByTimeAsync(600_000)
  expect(callAuthApi.mock.calls.some(([{ url }]) => url === 'http://auth/list')).toBe(true)
  await feed.stop()
})

test('a retired signing key is known within one poll and stays retired, whatever another replica returns', async () => {
  const { feed, callAuthApi, onRetired } = setUp()
  feed.start()
  await feed.read
  const body = { status: 200, message: '', data: { revocations: [], retired_kids: ['leaked'] } }
  callAuthApi.mockResolvedValueOnce({ status: 200, headers: new Headers({ etag: '"2"' }), body })
  await vi.advanceTimersByTimeAsync(1000)
  expect([feed.isRetiredKey('leaked'), feed.isRetiredKey('other')]).toEqual([true, false])
  callAuthApi.mockResolvedValue(list('"3"'))
  await vi.advanceTimersByTimeAsync(1000)
  expect(feed.isRetiredKey('leaked')).toBe(true)
  expect(onRetired).toHaveBeenCalledOnce()
  await feed.stop()
})

test('a role change is known within one poll, a later one stays, and it is dropped with the last older token', async () => {
  const { feed, callAuthApi } = setUp()
  feed.start()
  await feed.read
  const increment = (role: string, issued_before: number): Answer => {
    const role_changes = [{ user_id: A, role, issued_before, expires_in: 60 }]
    return {
      status: 200,
      headers: new Headers(),
      body: { status: 200, message: '', data: { revocations: [], role_changes } },
    }
  }
  callAuthApi
    .mockResolvedValueOnce(increment('editor', 200.5))
    .mockResolvedValueOnce(increment('admin', 100))
    .mockResolvedValue(list('"3"'))
  await vi.advanceTimersByTimeAsync(1000)
  expect([feed.roleChangeOf(A), feed.roleChangeOf(B)]).toEqual([
    expect.objectContaining({ role: 'editor', issuedBefore: 200.5 }),
    undefined,
  ])
  await vi.advanceTimersByTimeAsync(2000)
  expect(feed.roleChangeOf(A)).toMatchObject({ role: 'editor' })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(feed.roleChangeOf(A)).toBeUndefined()
  await feed.stop()
})
