import { CodedError, type RevocationsResult } from '@auto-refresh/contracts'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { UserRoleChange } from '../../ports/known-users.ts'
import type { User } from '../../ports/users.ts'
import { aLog, fakeMetrics, aTokenStore, aUser } from '../../testing/fakes.ts'
import { createKnownUsers } from './create-known-users.ts'
import { createRoleChanges } from './create-role-changes.ts'
import { createRevocationList } from './create-revocation-list.ts'

const START_MS = 1_700_000_000_000
const clock = { nowMs: () => Date.now() }
beforeEach(() => {
  vi.useFakeTimers({ now: START_MS, toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the revocation list', () => {
  function setUp() {
    const tokenStore = aTokenStore()
    const answer = (...revocations: RevocationsResult['revocations']) => ({
      nowMs: Date.now(),
      revocations,
    })
    const revoked = (sessionId: string, livesMs = 60_000) => ({
      sessionId,
      untilMs: Date.now() + livesMs,
      revokedAtMs: Date.now() - 200,
    })
    tokenStore.revocations.mockImplementation(async () => answer())
    const metrics = fakeMetrics()
    const list = createRevocationList({
      tokenStore,
      metrics,
      elapsedMs: () => performance.now(),
      log: aLog(),
      accessTtlSeconds: 1800,
    })
    return { list, tokenStore, metrics, answer, revoked }
  }

  test('has been read completely when start resolves', async () => {
    const { list, tokenStore, answer, revoked } = setUp()
    tokenStore.revocations
      .mockRejectedValueOnce(new CodedError('unavailable'))
      .mockResolvedValueOnce(answer(revoked('a')))
    let started = false
    const starting = list.start().then(() => (started = true))
    await vi.advanceTimersByTimeAsync(400)
    expect([started, list.feedAgeMs()]).toEqual([false, Infinity])
    await vi.advanceTimersByTimeAsync(100)
    await starting
    expect(tokenStore.revocations.mock.calls).toEqual([[{ page: {} }], [{ page: {} }]])
    expect([list.isRevoked('a'), list.isRevoked('b')]).toEqual([true, false])
    await list.stop()
  })

  test.each([30_000, 3_600_000])(
    'after an outage of %i ms it asks for revocations since then',
    async (outageMs) => {
      const { list, tokenStore, answer, revoked } = setUp()
      await list.start()
      tokenStore.revocations.mockRejectedValue(new CodedError('unavailable'))
      await vi.advanceTimersByTimeAsync(outageMs)
      expect(list.feedAgeMs()).toBe(outageMs)
      tokenStore.revocations.mockClear().mockResolvedValue(answer(revoked('a')))
      await vi.advanceTimersByTimeAsync(500)
      expect(tokenStore.revocations).toHaveBeenCalledWith({ sinceMs: START_MS - 10_000, page: {} })
      expect(list.isRevoked('a')).toBe(true)
      await list.stop()
    },
  )

  test('adds a revocation within one poll and counts it once', async () => {
    const { list, tokenStore, answer, revoked, metrics } = setUp()
    await list.start()
    tokenStore.revocations.mockImplementation(async () => answer(revoked('a')))
    await vi.advanceTimersByTimeAsync(500)
    expect(list.isRevoked('a')).toBe(true)
    await vi.advanceTimersByTimeAsync(2000)
    expect(metrics.revocationLearned.mock.calls).toEqual([[0.2]])
    await list.stop()
  })

  test('has a tag that depends on the sessions and their ends only', async () => {
    const [one, other] = [setUp(), setUp()]
    await one.list.start()
    const empty = one.list.tag()
    one.tokenStore.revocations.mockImplementation(async () =>
      one.answer(one.revoked('a'), one.revoked('b')),
    )
    await vi.advanceTimersByTimeAsync(500)
    expect(one.list.whole()).toEqual([
      { sessionId: 'a', expiresInSeconds: 120 },
      { sessionId: 'b', expiresInSeconds: 120 },
    ])
    const reported = one.answer(one.revoked('b'), one.revoked('a'))
    other.tokenStore.revocations
      .mockResolvedValueOnce({ ...reported, revocations: reported.revocations.slice(1) })
      .mockResolvedValue(reported)
    await other.list.start()
    one.tokenStore.revocations.mockImplementation(async () => reported)
    await vi.advanceTimersByTimeAsync(10)
    expect(other.list.tag()).not.toBe(one.list.tag())
    await vi.advanceTimersByTimeAsync(490)
    expect(other.list.tag()).toBe(one.list.tag())
    other.tokenStore.revocations.mockImplementation(async () => one.answer())
    await other.list.stop()
    one.tokenStore.revocations.mockImplementation(async () => one.answer())
    await vi.advanceTimersByTimeAsync(180_000)
    expect([one.list.whole(), one.list.tag()]).toEqual([[], empty])
    await one.list.stop()
  })

  test('has the same tag in all processes once token-store has reported a session, until it expires', async () => {
    const [own, other] = [setUp(), setUp()]
    await Promise.all([own.list.start(), other.list.start()])
    const empty = own.list.tag()
    const entry = own.revoked('a', 300_000)
    own.list.add('a')
    for (const { tokenStore } of [own, other]) {
      tokenStore.revocations.mockImplementation(async () => ({
        nowMs: Date.now(),
        revocations: Date.now() < entry.untilMs ? [entry] : [],
      }))
    }
    await vi.advanceTimersByTimeAsync(500)
    for (let seconds = 1; seconds < 359; seconds += 1) {
      await vi.advanceTimersByTimeAsync(1000)
      expect([own.list.tag(), own.list.isRevoked('a')]).toEqual([other.list.tag(), true])
      expect(own.list.tag()).not.toBe(empty)
    }
    await vi.advanceTimersByTimeAsync(4000)
    for (const { list } of [own, other]) expect([list.tag(), list.whole()]).toEqual([empty, []])
    await Promise.all([own.list.stop(), other.list.stop()])
  })

  test("a session revoked by this process stays on the list for the lifetime of its tokens, even when token-store's clock jumps", async () => {
    const { list, tokenStore, revoked } = setUp()
    await list.start()
    list.add('a')
    const entry = revoked('a', 1_500_000)
    tokenStore.revocations.mockImplementation(async () => ({
      nowMs: Date.now() + 1_400_000,
      revocations: [entry],
    }))
    await vi.advanceTimersByTimeAsync(500)
    tokenStore.revocations.mockImplementation(async () => ({ nowMs: Date.now(), revocations: [] }))
    list.add('a')
    await vi.advanceTimersByTimeAsync(1_499_500)
    expect(list.isRevoked('a')).toBe(true)
    await vi.advanceTimersByTimeAsync(63_000)
    expect(list.isRevoked('a')).toBe(false)
    await list.stop()
  })

  test('returns the same object for a second, and a new one as soon as a session is added', async () => {
    const { list } = setUp()
    await list.start()
    list.add('a')
    const first = list.whole()
    await vi.advanceTimersByTimeAsync(900)
    expect(list.whole()).toBe(first)
    await vi.advanceTimersByTimeAsync(100)
    expect(list.whole()).toEqual([{ sessionId: 'a', expiresInSeconds: 1859 }])
    list.add('b')
    expect(list.whole()).toHaveLength(2)
    await list.stop()
  })

  test('keeps an entry until its last access token has expired, with a margin of a minute for clocks', async () => {
    const { list, tokenStore, answer, revoked } = setUp()
    tokenStore.revocations.mockResolvedValueOnce(answer(revoked('a', 60_000)))
    await list.start()
    list.add('own')
    await vi.advanceTimersByTimeAsync(119_000)
    expect([list.isRevoked('a'), list.isRevoked('own')]).toEqual([true, true])
    await vi.advanceTimersByTimeAsync(60_000)
    expect([list.isRevoked('a'), list.isRevoked('own')]).toEqual([false, true])
    await vi.advanceTimersByTimeAsync(86_400_000)
    expect(list.isRevoked('own')).toBe(false)
    await list.stop()
  })

  test('a session that had already ended is removed after three minutes when token-store does not report it', async () => {
    const { list, tokenStore, answer, revoked } = setUp()
    await list.start()
    const empty = list.tag()
    list.add('dead', { endedBefore: true })
    list.add('alive', { endedBefore: true })
    tokenStore.revocations.mockResolvedValueOnce(answer(revoked('alive', 1_800_000)))
    await vi.advanceTimersByTimeAsync(179_000)
    expect([list.isRevoked('dead'), list.isRevoked('alive')]).toEqual([true, true])
    await vi.advanceTimersByTimeAsync(3000)
    expect([list.isRevoked('dead'), list.isRevoked('alive')]).toEqual([false, true])
    await vi.advanceTimersByTimeAsync(1_800_000)
    expect([list.size(), list.tag()]).toEqual([0, empty])
    await list.stop()
  })

  test('a session that had already ended stays on the list while token-store is unavailable', async () => {
    const { list, tokenStore, answer, revoked } = setUp()
    await list.start()
    tokenStore.revocations.mockRejectedValue(new CodedError('unavailable'))
    list.add('a', { endedBefore: true })
    await vi.advanceTimersByTimeAsync(1_000_000)
    list.tag()
    expect(list.isRevoked('a')).toBe(true)
    tokenStore.revocations.mockResolvedValue(answer(revoked('a', 600_000)))
    await vi.advanceTimersByTimeAsync(1500)
    expect(list.isRevoked('a')).toBe(true)
    await list.stop()
  })

  test('a clock that jumps forward and back does not make revoked tokens valid', async () => {
    const { list, tokenStore, answer, revoked } = setUp()
    tokenStore.revocations.mockResolvedValueOnce(answer(revoked('a', 1_800_000)))
    await list.start()
    vi.setSystemTime(START_MS + 7_200_000)
    await vi.advanceTimersByTimeAsync(40_000)
    vi.setSystemTime(START_MS + 40_000)
    await vi.advanceTimersByTimeAsync(1000)
    expect(list.isRevoked('a')).toBe(true)
    await list.stop()
  })

  test('reads the whole list again every minute', async () => {
    const { list, tokenStore } = setUp()
    await list.start()
    tokenStore.revocations.mockClear()
    await vi.advanceTimersByTimeAsync(120_500)
    expect(
      tokenStore.revocations.mock.calls.filter(([question]) => question.sinceMs === undefined),
    ).toHaveLength(2)
    await list.stop()
  })

  test('a whole list that cannot be read never blocks new revocations', async () => {
    const { list, tokenStore, answer, revoked } = setUp()
    await list.start()
    tokenStore.revocations.mockImplementation(async ({ sinceMs }) => {
      if (sinceMs === undefined) throw new CodedError('unavailable')
      return answer(...(Date.now() > START_MS + 120_000 ? [revoked('late')] : []))
    })
    await vi.advanceTimersByTimeAsync(121_000)
    expect([list.isRevoked('late'), list.feedAgeMs() < 1000]).toEqual([true, true])
    await list.stop()
  })

  test('a failed read of the whole list continues where it stopped, also at the start', async () => {
    const { list, tokenStore, answer, revoked } = setUp()
    tokenStore.revocations
      .mockResolvedValueOnce({ ...answer(revoked('a')), next: '1' })
      .mockRejectedValueOnce(new CodedError('unavailable'))
      .mockResolvedValueOnce({ ...answer(), next: '2' })
      .mockResolvedValueOnce(answer(revoked('b')))
    const starting = list.start()
    await vi.advanceTimersByTimeAsync(500)
    await starting
    const asked = tokenStore.revocations.mock.calls.map(([question]) => question.page?.after)
    expect(asked).toEqual([undefined, '1', '1', '2'])
    expect([list.isRevoked('a'), list.isRevoked('b')]).toEqual([true, true])
    await list.stop()
  })

  test('a failed read of the increment continues where it stopped', async () => {
    const { list, tokenStore, answer, revoked } = setUp()
    await list.start()
    tokenStore.revocations
      .mockClear()
      .mockResolvedValueOnce({ ...answer(revoked('a')), next: '1' })
      .mockRejectedValueOnce(new CodedError('unavailable'))
      .mockResolvedValueOnce(answer(revoked('b')))
    await vi.advanceTimersByTimeAsync(1000)
    const since = { sinceMs: START_MS - 10_000 }
    expect(tokenStore.revocations.mock.calls).toEqual([
      [{ ...since, page: {} }],
      [{ ...since, page: { after: '1' } }],
      [{ ...since, page: { after: '1' } }],
    ])
    expect([list.isRevoked('a'), list.isRevoked('b'), list.feedAgeMs()]).toEqual([true, true, 0])
    await list.stop()
  })

  test('an entry with a longer token lifetime than the current setting changes the tag and is kept as long', async () => {
    const { list, tokenStore, answer, revoked } = setUp()
    await list.start()
    list.add('a')
    const estimated = list.tag()
    const entry = revoked('a', 7_200_000)
    tokenStore.revocations.mockResolvedValueOnce(answer(entry))
    await vi.advanceTimersByTimeAsync(500)
    expect(list.tag()).not.toBe(estimated)
    expect(list.whole()).toEqual([{ sessionId: 'a', expiresInSeconds: 7260 }])
    await vi.advanceTimersByTimeAsync(7_200_000)
    expect(list.isRevoked('a')).toBe(true)
    await list.stop()
  })

  test('a session revoked by this process stays revoked while token-store is unavailable, even after a shorter setting', async () => {
    const { list, tokenStore } = setUp()
    await list.start()
    tokenStore.revocations.mockRejectedValue(new CodedError('unavailable'))
    list.add('a')
    await vi.advanceTimersByTimeAsync(7_200_000)
    expect([list.whole().length, list.isRevoked('a')]).toEqual([1, true])
    await list.stop()
  })

  test('returns the increment since a response, or undefined when it is too large', async () => {
    const { list, tokenStore, answer, revoked } = setUp()
    tokenStore.revocations.mockResolvedValueOnce(
      answer({ ...revoked('old'), revokedAtMs: START_MS - 60_000 }),
    )
    await list.start()
    const asOfMs = list.asOfMs() ?? NaN
    tokenStore.revocations.mockResolvedValueOnce(answer(revoked('a')))
    await vi.advanceTimersByTimeAsync(500)
    list.add('own')
    expect(list.since(asOfMs)?.map(({ sessionId }) => sessionId)).toEqual(['a', 'own'])
    const many = Array.from({ length: 20_001 }, (_, index) => revoked(`many-${index}`))
    tokenStore.revocations.mockResolvedValueOnce(answer(...many))
    await vi.advanceTimersByTimeAsync(500)
    expect(list.since(asOfMs)).toBeUndefined()
    await list.stop()
  })

  test('stops while it waits for the first response', async () => {
    const { list, tokenStore } = setUp()
    tokenStore.revocations.mockRejectedValue(new CodedError('unavailable'))
    const starting = list.start()
    await vi.advanceTimersByTimeAsync(100)
    await list.stop()
    await starting
    expect(vi.getTimerCount()).toBe(0)
  })

  test('stops waiting for the first response when the signal aborts', async () => {
    const { list, tokenStore } = setUp()
    tokenStore.revocations.mockRejectedValue(new CodedError('unavailable'))
    const calledOff = new AbortController()
    const starting = list.start(calledOff.signal)
    await vi.advanceTimersByTimeAsync(1100)
    calledOff.abort()
    await starting
    await list.start(AbortSignal.abort())
    await list.stop()
    expect([list.feedAgeMs(), vi.getTimerCount()]).toEqual([Infinity, 0])
  })
})

describe('known users', () => {
  const ada = aUser({ id: 'a' })

  function setUp(options: Partial<Parameters<typeof createKnownUsers>[0]> = {}) {
    const findByIds = vi.fn<(ids: readonly string[]) => Promise<User[]>>(async (ids) =>
      ids.filter((id) => id !== 'unknown').map((id) => ({ ...ada, id })),
    )
    return { findByIds, known: createKnownUsers({ findByIds, clock, ...options }) }
  }

  test('calls in one turn of the event loop are one query', async () => {
    const { findByIds, known } = setUp()
    const found = await Promise.all(['a', 'b', 'a', 'unknown'].map((id) => known.find(id)))
    expect(found.map((user) => user?.id)).toEqual(['a', 'b', 'a', undefined])
    expect(findByIds).toHaveBeenCalledExactlyOnceWith(['a', 'b', 'unknown'])
    await known.find('a')
    expect(findByIds).toHaveBeenCalledTimes(2)
  })

  test('the password hash is not kept', async () => {
    expect(await setUp().known.find('a')).not.toHaveProperty('passwordHash')
  })

  test('the last known state is used for a day while the database is unavailable', async () => {
    const { findByIds, known } = setUp()
    await known.find('a')
    findByIds.mockRejectedValue(new CodedError('unavailable'))
    vi.setSystemTime(START_MS + 86_399_000)
    expect(await known.find('a')).toMatchObject({ id: 'a', active: true })
    await expect(known.find('b')).rejects.toMatchObject({ code: 'unavailable' })
    vi.setSystemTime(START_MS + 86_400_000)
    await expect(known.find('a')).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('a last known state gets the role of a later change only', async () => {
    const change = (userId: string) => ({
      userId,
      role: 'viewer',
      issuedBefore: START_MS / 1000 + 10,
      expiresInSeconds: 60,
    })
    const read = async () => ['a', 'b'].map(change)
    const roleChanges = createRoleChanges({ read, log: aLog() })
    await roleChanges.start()
    const { findByIds, known } = setUp({ roleChanges })
    await known.find('a')
    vi.setSystemTime(START_MS + 20_000)
    await known.find('b')
    findByIds.mockRejectedValue(new CodedError('unavailable'))
    expect(await known.find('a')).toMatchObject({ role: 'viewer', version: 1 })
    expect(await known.find('b')).toMatchObject({ role: 'user' })
    await roleChanges.stop()
  })

  test('a user who has just signed in is known, and a failed query is reported until one succeeds', async () => {
    const { findByIds, known } = setUp()
    known.remember(ada)
    findByIds.mockRejectedValueOnce(new CodedError('unavailable'))
    expect(await known.find('a')).toMatchObject({ id: 'a' })
    expect(known.areUnavailable()).toBe(true)
    await known.find('a')
    expect(known.areUnavailable()).toBe(false)
  })

  test('a database that does not respond within 300 ms counts as unavailable', async () => {
    const { findByIds, known } = setUp()
    await known.find('a')
    findByIds.mockReturnValue(new Promise(() => {}))
    const finding = known.find('a')
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1), { timeout: 20_000 })
    await vi.advanceTimersByTimeAsync(300)
    expect(await finding).toMatchObject({ id: 'a' })
  })

  test('a deleted user is not remembered', async () => {
    const { findByIds, known } = setUp()
    await known.find('a')
    findByIds.mockResolvedValueOnce([])
    expect(await known.find('a')).toBeUndefined()
    findByIds.mockRejectedValue(new Error('unavailable'))
    await expect(known.find('a')).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('memory is bounded: the least recently used user is dropped', async () => {
    const { findByIds, known } = setUp({ maxUsers: 2 })
    for (const id of ['a', 'b', 'a', 'c']) await known.find(id)
    findByIds.mockRejectedValue(new Error('unavailable'))
    expect(await known.find('a')).toMatchObject({ id: 'a' })
    await expect(known.find('b')).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('known users whose changes are announced', () => {
  const ada = aUser({ id: 'a' })

  function setUp() {
    const findByIds = vi.fn<(ids: readonly string[]) => Promise<User[]>>(async () => [ada])
    const changes = { known: true, areKnown: () => changes.known }
    return { findByIds, changes, known: createKnownUsers({ findByIds, clock, changes }) }
  }

  test('are read once, and again after a change', async () => {
    const { findByIds, known } = setUp()
    for (let i = 0; i < 3; i += 1) expect(await known.find('a')).toMatchObject({ role: 'user' })
    known.userChanged('another')
    await known.find('a')
    expect(findByIds).toHaveBeenCalledTimes(1)
    findByIds.mockResolvedValue([{ ...ada, role: 'admin' }])
    known.userChanged('a')
    for (let i = 0; i < 2; i += 1) expect(await known.find('a')).toMatchObject({ role: 'admin' })
    expect(findByIds).toHaveBeenCalledTimes(2)
  })

  test('are read each time while announcements may be missing, and once more afterwards', async () => {
    const { findByIds, known, changes } = setUp()
    await known.find('a')
    changes.known = false
    await known.find('a')
    known.allMayHaveChanged()
    changes.known = true
    for (let i = 0; i < 2; i += 1) await known.find('a')
    expect(findByIds).toHaveBeenCalledTimes(3)
  })

  test.each([
    ['a change', (known: ReturnType<typeof createKnownUsers>) => known.userChanged('a')],
    ['a new connection', (known: ReturnType<typeof createKnownUsers>) => known.allMayHaveChanged()],
  ])('a state that was read during %s is not kept', async (_, announce) => {
    const { findByIds, known } = setUp()
    findByIds.mockImplementationOnce(async () => {
      announce(known)
      return [ada]
    })
    for (let i = 0; i < 3; i += 1) await known.find('a')
    expect(findByIds).toHaveBeenCalledTimes(2)
  })

  test('a user is never refused from memory: an inactive one is read each time', async () => {
    const { findByIds, known } = setUp()
    findByIds.mockResolvedValue([{ ...ada, active: false }])
    for (let i = 0; i < 2; i += 1) expect(await known.find('a')).toMatchObject({ active: false })
    expect(findByIds).toHaveBeenCalledTimes(2)
  })

  test('a state of a sign-in and a state from before a failed query are read again', async () => {
    const { findByIds, known, changes } = setUp()
    known.remember(ada)
    await known.find('a')
    changes.known = false
    findByIds.mockRejectedValueOnce(new CodedError('unavailable'))
    await known.find('a')
    changes.known = true
    await known.find('a')
    expect([findByIds.mock.calls.length, known.areUnavailable()]).toEqual([3, false])
  })

  test('a recorded change of the role counts although it was not announced', async () => {
    const { findByIds, changes } = setUp()
    const change = { userId: 'a', role: 'viewer', issuedBefore: Infinity, expiresInSeconds: 60 }
    const roleChanges = createRoleChanges({ read: async () => [change], log: aLog() })
    const known = createKnownUsers({ findByIds, clock, changes, roleChanges })
    await known.find('a')
    await roleChanges.start()
    findByIds.mockResolvedValue([{ ...ada, role: 'viewer' }])
    expect(await known.find('a')).toMatchObject({ role: 'viewer' })
    await roleChanges.stop()
  })

  test('a state that was known to be current is used for a day from then on', async () => {
    const { findByIds, known, changes } = setUp()
    await known.find('a')
    vi.setSystemTime(START_MS + 80_000_000)
    await known.find('a')
    changes.known = false
    findByIds.mockRejectedValue(new CodedError('unavailable'))
    vi.setSystemTime(START_MS + 160_000_000)
    expect(await known.find('a')).toMatchObject({ id: 'a' })
  })
})

describe('changed roles', () => {
  test('are read each second, stay while the database is unavailable, and have the same tag in every process', async () => {
    const read = vi.fn<() => Promise<UserRoleChange[]>>(async () => [])
    const log = aLog()
    const roles = createRoleChanges({ read, log })
    await roles.start()
    expect([roles.tag(), roles.of('a')]).toEqual(['', undefined])
    const change = { userId: 'a', role: 'viewer', issuedBefore: 10, expiresInSeconds: 60 }
    read
      .mockResolvedValueOnce([change])
      .mockRejectedValueOnce(new Error('unavailable'))
      .mockResolvedValue([{ ...change, expiresInSeconds: 58 }])
    await vi.advanceTimersByTimeAsync(1000)
    const tag = roles.tag()
    expect([tag.length, roles.of('a'), roles.list()]).toEqual([22, change, [change]])
    await vi.advanceTimersByTimeAsync(1000)
    expect([roles.of('a'), log.lines.length]).toEqual([change, 1])
    await vi.advanceTimersByTimeAsync(1000)
    expect([roles.tag(), roles.of('a')?.role]).toEqual([tag, 'viewer'])
    read.mockResolvedValue([{ ...change, role: 'admin' }])
    await vi.advanceTimersByTimeAsync(1000)
    expect(roles.tag()).not.toBe(tag)
    await roles.stop()
  })
})
