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
    const gone = (sessionId: string, livesMs = 60_000) => ({
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
    return { list, tokenStore, metrics, answer, gone }
  }

  test('is whole before it counts as started', async () => {
    const { list, tokenStore, answer, gone } = setUp()
    tokenStore.revocations
      .mockRejectedValueOnce(new CodedError('unavailable'))
      .mockResolvedValueOnce(answer(gone('a')))
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
    'of a store that was away for %i ms it asks for what it may have missed',
    async (awayMs) => {
      const { list, tokenStore, answer, gone } = setUp()
      await list.start()
      tokenStore.revocations.mockRejectedValue(new CodedError('unavailable'))
      await vi.advanceTimersByTimeAsync(awayMs)
      expect(list.feedAgeMs()).toBe(awayMs)
      tokenStore.revocations.mockClear().mockResolvedValue(answer(gone('a')))
      await vi.advanceTimersByTimeAsync(500)
      expect(tokenStore.revocations).toHaveBeenCalledWith({ sinceMs: START_MS - 10_000, page: {} })
      expect(list.isRevoked('a')).toBe(true)
      await list.stop()
    },
  )

  test('learns a revocation within one poll and counts it once', async () => {
    const { list, tokenStore, answer, gone, metrics } = setUp()
    await list.start()
    tokenStore.revocations.mockImplementation(async () => answer(gone('a')))
    await vi.advanceTimersByTimeAsync(500)
    expect(list.isRevoked('a')).toBe(true)
    await vi.advanceTimersByTimeAsync(2000)
    expect(metrics.revocationLearned.mock.calls).toEqual([[0.2]])
    await list.stop()
  })

  test('is told whole to other back ends, under a tag that depends on the sessions and their ends alone', async () => {
    const [one, other] = [setUp(), setUp()]
    await one.list.start()
    const empty = one.list.tag()
    one.tokenStore.revocations.mockImplementation(async () =>
      one.answer(one.gone('a'), one.gone('b')),
    )
    await vi.advanceTimersByTimeAsync(500)
    expect(one.list.whole()).toEqual([
      { sessionId: 'a', expiresInSeconds: 120 },
      { sessionId: 'b', expiresInSeconds: 120 },
    ])
    const told = one.answer(one.gone('b'), one.gone('a'))
    other.tokenStore.revocations
      .mockResolvedValueOnce({ ...told, revocations: told.revocations.slice(1) })
      .mockResolvedValue(told)
    await other.list.start()
    one.tokenStore.revocations.mockImplementation(async () => told)
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

  test('has the same tag in the process that has ended a session as in all others, once token-store has told it, until both forget it', async () => {
    const [own, other] = [setUp(), setUp()]
    await Promise.all([own.list.start(), other.list.start()])
    const empty = own.list.tag()
    const revoked = own.gone('a', 300_000)
    own.list.add('a')
    for (const { tokenStore } of [own, other]) {
      tokenStore.revocations.mockImplementation(async () => ({
        nowMs: Date.now(),
        revocations: Date.now() < revoked.untilMs ? [revoked] : [],
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

  test('a session that is ended here keeps the life its tokens had left, though the clock of token-store leaps before it is told', async () => {
    const { list, tokenStore, gone } = setUp()
    await list.start()
    list.add('a')
    const revoked = gone('a', 1_500_000)
    tokenStore.revocations.mockImplementation(async () => ({
      nowMs: Date.now() + 1_400_000,
      revocations: [revoked],
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

  test('is told as one and the same object for a second, and as another as soon as a session joins', async () => {
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

  test('keeps an entry until its last access token is dead, also for clocks a minute apart, and not for ever', async () => {
    const { list, tokenStore, answer, gone } = setUp()
    tokenStore.revocations.mockResolvedValueOnce(answer(gone('a', 60_000)))
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

  test('a session that had ended before and is not on the list of token-store leaves the list, and its tag, after three minutes', async () => {
    const { list, tokenStore, answer, gone } = setUp()
    await list.start()
    const empty = list.tag()
    list.add('dead', { endedBefore: true })
    list.add('alive', { endedBefore: true })
    tokenStore.revocations.mockResolvedValueOnce(answer(gone('alive', 1_800_000)))
    await vi.advanceTimersByTimeAsync(179_000)
    expect([list.isRevoked('dead'), list.isRevoked('alive')]).toEqual([true, true])
    await vi.advanceTimersByTimeAsync(3000)
    expect([list.isRevoked('dead'), list.isRevoked('alive')]).toEqual([false, true])
    await vi.advanceTimersByTimeAsync(1_800_000)
    expect([list.size(), list.tag()]).toEqual([0, empty])
    await list.stop()
  })

  test('a session that had ended before stays on the list while token-store is unavailable', async () => {
    const { list, tokenStore, answer, gone } = setUp()
    await list.start()
    tokenStore.revocations.mockRejectedValue(new CodedError('unavailable'))
    list.add('a', { endedBefore: true })
    await vi.advanceTimersByTimeAsync(1_000_000)
    list.tag()
    expect(list.isRevoked('a')).toBe(true)
    tokenStore.revocations.mockResolvedValue(answer(gone('a', 600_000)))
    await vi.advanceTimersByTimeAsync(1500)
    expect(list.isRevoked('a')).toBe(true)
    await list.stop()
  })

  test('a clock that leaps forward and back brings no dead token back to life', async () => {
    const { list, tokenStore, answer, gone } = setUp()
    tokenStore.revocations.mockResolvedValueOnce(answer(gone('a', 1_800_000)))
    await list.start()
    vi.setSystemTime(START_MS + 7_200_000)
    await vi.advanceTimersByTimeAsync(40_000)
    vi.setSystemTime(START_MS + 40_000)
    await vi.advanceTimersByTimeAsync(1000)
    expect(list.isRevoked('a')).toBe(true)
    await list.stop()
  })

  test('reads everything again every minute', async () => {
    const { list, tokenStore } = setUp()
    await list.start()
    tokenStore.revocations.mockClear()
    await vi.advanceTimersByTimeAsync(120_500)
    expect(
      tokenStore.revocations.mock.calls.filter(([question]) => question.sinceMs === undefined),
    ).toHaveLength(2)
    await list.stop()
  })

  test('a list that cannot be read whole never stops new revocations from being heard', async () => {
    const { list, tokenStore, answer, gone } = setUp()
    await list.start()
    tokenStore.revocations.mockImplementation(async ({ sinceMs }) => {
      if (sinceMs === undefined) throw new CodedError('unavailable')
      return answer(...(Date.now() > START_MS + 120_000 ? [gone('late')] : []))
    })
    await vi.advanceTimersByTimeAsync(121_000)
    expect([list.isRevoked('late'), list.feedAgeMs() < 1000]).toEqual([true, true])
    await list.stop()
  })

  test('a reading of the whole list that fails goes on where it stopped, at the start too', async () => {
    const { list, tokenStore, answer, gone } = setUp()
    tokenStore.revocations
      .mockResolvedValueOnce({ ...answer(gone('a')), next: '1' })
      .mockRejectedValueOnce(new CodedError('unavailable'))
      .mockResolvedValueOnce({ ...answer(), next: '2' })
      .mockResolvedValueOnce(answer(gone('b')))
    const starting = list.start()
    await vi.advanceTimersByTimeAsync(500)
    await starting
    const asked = tokenStore.revocations.mock.calls.map(([question]) => question.page?.after)
    expect(asked).toEqual([undefined, '1', '1', '2'])
    expect([list.isRevoked('a'), list.isRevoked('b')]).toEqual([true, true])
    await list.stop()
  })

  test('a reading of what is new that fails goes on where it stopped', async () => {
    const { list, tokenStore, answer, gone } = setUp()
    await list.start()
    tokenStore.revocations
      .mockClear()
      .mockResolvedValueOnce({ ...answer(gone('a')), next: '1' })
      .mockRejectedValueOnce(new CodedError('unavailable'))
      .mockResolvedValueOnce(answer(gone('b')))
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

  test('an entry whose tokens live longer than the setting of today changes the tag, and lives as long as they do', async () => {
    const { list, tokenStore, answer, gone } = setUp()
    await list.start()
    list.add('a')
    const estimated = list.tag()
    const revoked = gone('a', 7_200_000)
    tokenStore.revocations.mockResolvedValueOnce(answer(revoked))
    await vi.advanceTimersByTimeAsync(500)
    expect(list.tag()).not.toBe(estimated)
    expect(list.whole()).toEqual([{ sessionId: 'a', expiresInSeconds: 7260 }])
    await vi.advanceTimersByTimeAsync(7_200_000)
    expect(list.isRevoked('a')).toBe(true)
    await list.stop()
  })

  test('a session that is ended here stays ended while token-store is unavailable, also after the life of access tokens was lowered', async () => {
    const { list, tokenStore } = setUp()
    await list.start()
    tokenStore.revocations.mockRejectedValue(new CodedError('unavailable'))
    list.add('a')
    await vi.advanceTimersByTimeAsync(7_200_000)
    expect([list.whole().length, list.isRevoked('a')]).toEqual([1, true])
    await list.stop()
  })

  test('says what is new since an answer, and that only the whole list will do where that is too much', async () => {
    const { list, tokenStore, answer, gone } = setUp()
    tokenStore.revocations.mockResolvedValueOnce(
      answer({ ...gone('old'), revokedAtMs: START_MS - 60_000 }),
    )
    await list.start()
    const asOfMs = list.asOfMs() ?? NaN
    tokenStore.revocations.mockResolvedValueOnce(answer(gone('a')))
    await vi.advanceTimersByTimeAsync(500)
    list.add('own')
    expect(list.since(asOfMs)?.map(({ sessionId }) => sessionId)).toEqual(['a', 'own'])
    const many = Array.from({ length: 20_001 }, (_, index) => gone(`many-${index}`))
    tokenStore.revocations.mockResolvedValueOnce(answer(...many))
    await vi.advanceTimersByTimeAsync(500)
    expect(list.since(asOfMs)).toBeUndefined()
    await list.stop()
  })

  test('stops while it waits for its first answer', async () => {
    const { list, tokenStore } = setUp()
    tokenStore.revocations.mockRejectedValue(new CodedError('unavailable'))
    const starting = list.start()
    await vi.advanceTimersByTimeAsync(100)
    await list.stop()
    await starting
    expect(vi.getTimerCount()).toBe(0)
  })

  test('waits no longer for its first answer once the start is called off', async () => {
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
      ids.filter((id) => id !== 'nobody').map((id) => ({ ...ada, id })),
    )
    return { findByIds, known: createKnownUsers({ findByIds, clock, ...options }) }
  }

  test('what is asked in one turn is one query', async () => {
    const { findByIds, known } = setUp()
    const found = await Promise.all(['a', 'b', 'a', 'nobody'].map((id) => known.find(id)))
    expect(found.map((user) => user?.id)).toEqual(['a', 'b', 'a', undefined])
    expect(findByIds).toHaveBeenCalledExactlyOnceWith(['a', 'b', 'nobody'])
    await known.find('a')
    expect(findByIds).toHaveBeenCalledTimes(2)
  })

  test('no password hash is kept', async () => {
    expect(await setUp().known.find('a')).not.toHaveProperty('passwordHash')
  })

  test('the last known state serves for a day while the database is away, and no longer', async () => {
    const { findByIds, known } = setUp()
    await known.find('a')
    findByIds.mockRejectedValue(new CodedError('unavailable'))
    vi.setSystemTime(START_MS + 86_399_000)
    expect(await known.find('a')).toMatchObject({ id: 'a', active: true })
    await expect(known.find('b')).rejects.toMatchObject({ code: 'unavailable' })
    vi.setSystemTime(START_MS + 86_400_000)
    await expect(known.find('a')).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('a last known state has the role of a later change, and of no earlier one', async () => {
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

  test('who has just signed in is known, and a failed reading is remembered until one succeeds', async () => {
    const { findByIds, known } = setUp()
    known.remember(ada)
    findByIds.mockRejectedValueOnce(new CodedError('unavailable'))
    expect(await known.find('a')).toMatchObject({ id: 'a' })
    expect(known.areUnavailable()).toBe(true)
    await known.find('a')
    expect(known.areUnavailable()).toBe(false)
  })

  test('a database that does not answer in 300 ms counts as away', async () => {
    const { findByIds, known } = setUp()
    await known.find('a')
    findByIds.mockReturnValue(new Promise(() => {}))
    const finding = known.find('a')
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1), { timeout: 20_000 })
    await vi.advanceTimersByTimeAsync(300)
    expect(await finding).toMatchObject({ id: 'a' })
  })

  test('a user who is gone is not remembered', async () => {
    const { findByIds, known } = setUp()
    await known.find('a')
    findByIds.mockResolvedValueOnce([])
    expect(await known.find('a')).toBeUndefined()
    findByIds.mockRejectedValue(new Error('away'))
    await expect(known.find('a')).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('memory is bounded: the one seen longest ago is forgotten', async () => {
    const { findByIds, known } = setUp({ maxUsers: 2 })
    for (const id of ['a', 'b', 'a', 'c']) await known.find(id)
    findByIds.mockRejectedValue(new Error('away'))
    expect(await known.find('a')).toMatchObject({ id: 'a' })
    await expect(known.find('b')).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('changed roles', () => {
  test('are read each second, stay while the database is unavailable, and have one tag in every process', async () => {
    const read = vi.fn<() => Promise<UserRoleChange[]>>(async () => [])
    const log = aLog()
    const roles = createRoleChanges({ read, log })
    await roles.start()
    expect([roles.tag(), roles.of('a')]).toEqual(['', undefined])
    const change = { userId: 'a', role: 'viewer', issuedBefore: 10, expiresInSeconds: 60 }
    read
      .mockResolvedValueOnce([change])
      .mockRejectedValueOnce(new Error('away'))
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
