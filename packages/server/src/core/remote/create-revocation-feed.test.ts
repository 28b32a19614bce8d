import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Answer, Question } from './ask.ts'
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
  const ask = vi.fn<(question: Question) => Promise<Answer>>(async () => list('"1"'))
  const log = { warn: vi.fn<() => void>(), info: vi.fn<() => void>() }
  const onRetired = vi.fn<() => void>()
  const feed = createRevocationFeed({
    url: 'http://auth/list',
    key: 'key',
    ask,
    elapsedMs: () => performance.now(),
    log,
    onRetired,
  })
  return { feed, ask, log, onRetired }
}

test('a revocation is known within one poll, and the list is asked for only where it has changed', async () => {
  const { feed, ask } = setUp()
  feed.start()
  await feed.read
  ask.mockResolvedValueOnce(list('"2"', A)).mockResolvedValue(UNCHANGED)
  await vi.advanceTimersByTimeAsync(1000)
  expect([feed.isRevoked(A), feed.isRevoked(B)]).toEqual([true, false])
  await vi.advanceTimersByTimeAsync(2000)
  expect(ask.mock.calls.map(([question]) => question.headers)).toEqual([
    { authorization: 'Bearer key' },
    { authorization: 'Bearer key', 'if-none-match': '"1"' },
    { authorization: 'Bearer key', 'if-none-match': '"2"' },
    { authorization: 'Bearer key', 'if-none-match': '"2"' },
  ])
  expect([feed.isRevoked(A), feed.ageMs()]).toEqual([true, 0])
  await feed.stop()
})

test('an entry stays for its time, also when another replica has not heard of it, and not for ever', async () => {
  const { feed, ask } = setUp()
  ask.mockResolvedValueOnce(list('"2"', A))
  feed.start()
  await vi.advanceTimersByTimeAsync(59_000)
  expect(feed.isRevoked(A)).toBe(true)
  await vi.advanceTimersByTimeAsync(2000)
  expect(feed.isRevoked(A)).toBe(false)
  await feed.stop()
})

test('while auth-api is unavailable the list serves as it stands; that it is old is said once, and that it is back', async () => {
  const { feed, ask, log } = setUp()
  ask.mockResolvedValueOnce(list('"2"', A))
  feed.start()
  await feed.read
  ask.mockRejectedValue(new Error('no connection'))
  await vi.advanceTimersByTimeAsync(5000)
  expect([feed.isAway(), log.warn.mock.calls.length]).toEqual([false, 0])
  await vi.advanceTimersByTimeAsync(20_000)
  expect([feed.isAway(), feed.isRevoked(A), log.warn.mock.calls.length]).toEqual([true, true, 1])
  ask.mockResolvedValue(list('"3"', A, B))
  await vi.advanceTimersByTimeAsync(1000)
  expect([feed.isAway(), feed.isRevoked(B), log.info.mock.calls.length]).toEqual([false, true, 1])
  await feed.stop()
})

test('the age of the list that auth-api has itself counts, also while nothing changes; of several the best informed', async () => {
  const { feed, ask, log } = setUp()
  ask.mockResolvedValueOnce(aged(list('"1"', A), '2'))
  feed.start()
  await feed.read
  let age = 2
  ask.mockImplementation(async () => aged(UNCHANGED, String((age += 1))))
  expect(feed.ageMs()).toBe(2000)
  await vi.advanceTimersByTimeAsync(6500)
  expect([feed.ageMs(), feed.isAway(), feed.isRevoked(A), log.warn.mock.calls.length]).toEqual([
    8500,
    false,
    true,
    1,
  ])
  ask.mockResolvedValueOnce(aged(UNCHANGED, 'soon'))
  await vi.advanceTimersByTimeAsync(2000)
  expect([feed.ageMs(), log.warn.mock.calls.length, log.info.mock.calls.length]).toEqual([
    1500, 1, 1,
  ])
  await feed.stop()
})

test('an auth-api that refuses the question for revocations is there: renewals are asked for', async () => {
  const { feed, ask, log } = setUp()
  feed.start()
  await feed.read
  ask.mockResolvedValue({ status: 403, headers: new Headers(), body: {} })
  await vi.advanceTimersByTimeAsync(20_000)
  expect([feed.isAway(), feed.ageMs(), log.warn.mock.calls.length]).toEqual([false, 20_000, 1])
  await feed.stop()
})

test.each<[string, Answer]>([
  ['a refused key', { status: 403, headers: new Headers(), body: {} }],
  [
    'another form',
    { status: 200, headers: new Headers(), body: { data: { revocations: [{ session_id: 'x' }] } } },
  ],
  ['a page of a proxy', { status: 200, headers: new Headers(), body: undefined }],
])('%s is no list: nothing counts as read, and it is said', async (_, answer) => {
  const { feed, ask, log } = setUp()
  ask.mockResolvedValue(answer)
  let read = false
  void feed.read.then(() => (read = true))
  feed.start()
  await vi.advanceTimersByTimeAsync(3000)
  expect([read, feed.ageMs(), log.warn.mock.calls.length]).toEqual([false, Infinity, 1])
  ask.mockResolvedValue(list('"1"'))
  await vi.advanceTimersByTimeAsync(1000)
  expect(read).toBe(true)
  await feed.stop()
})

test('after the whole list only what is new is asked for, and every ten minutes the whole list again', async () => {
  const { feed, ask } = setUp()
  const told = (asOf: string, partial: boolean, ...sessions: string[]): Answer => {
    const revocations = sessions.map((session_id) => ({ session_id, expires_in: 3600 }))
    return {
      status: 200,
      headers: new Headers(),
      body: { status: 200, message: '', data: { as_of: asOf, partial, revocations } },
    }
  }
  ask
    .mockResolvedValueOnce(told('100', false, A))
    .mockResolvedValueOnce(told('200', true, B))
    .mockResolvedValue(told('300', true))
  feed.start()
  await vi.advanceTimersByTimeAsync(2000)
  expect([feed.isRevoked(A), feed.isRevoked(B)]).toEqual([true, true])
  expect(ask.mock.calls.map(([{ url }]) => url)).toEqual([
    'http://auth/list',
    'http://auth/list?since=100',
    'http://auth/list?since=200',
  ])
  ask.mockClear()
  await vi.advanceTimersByTimeAsync(600_000)
  expect(ask.mock.calls.some(([{ url }]) => url === 'http://auth/list')).toBe(true)
  await feed.stop()
})

test('a retired signing key is known within one poll and stays retired, whatever another replica answers', async () => {
  const { feed, ask, onRetired } = setUp()
  feed.start()
  await feed.read
  const body = { status: 200, message: '', data: { revocations: [], retired_kids: ['leaked'] } }
  ask.mockResolvedValueOnce({ status: 200, headers: new Headers({ etag: '"2"' }), body })
  await vi.advanceTimersByTimeAsync(1000)
  expect([feed.isRetiredKey('leaked'), feed.isRetiredKey('other')]).toEqual([true, false])
  ask.mockResolvedValue(list('"3"'))
  await vi.advanceTimersByTimeAsync(1000)
  expect(feed.isRetiredKey('leaked')).toBe(true)
  expect(onRetired).toHaveBeenCalledOnce()
  await feed.stop()
})

test('a changed role is known within one poll; a later change stays, and it is forgotten with the last token', async () => {
  const { feed, ask } = setUp()
  feed.start()
  await feed.read
  const told = (role: string, issued_before: number): Answer => {
    const role_changes = [{ user_id: A, role, issued_before, expires_in: 60 }]
    return {
      status: 200,
      headers: new Headers(),
      body: { status: 200, message: '', data: { revocations: [], role_changes } },
    }
  }
  ask
    .mockResolvedValueOnce(told('editor', 200.5))
    .mockResolvedValueOnce(told('admin', 100))
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
