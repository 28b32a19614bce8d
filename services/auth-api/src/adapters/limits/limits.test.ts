import { CodedError } from '@auto-refresh/contracts'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createBoundedLimiter, type Limiter } from './create-bounded-limiter.ts'
import { createLoginThrottle } from './create-login-throttle.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a limiter', () => {
  test('allows its points in a window, returns how long to wait, and does not count refused attempts', async () => {
    const limiter = createBoundedLimiter({ limit: { points: 2, seconds: 60 } })
    expect([await limiter.take('a'), await limiter.take('a')]).toEqual([
      { allowed: true },
      { allowed: true },
    ])
    vi.advanceTimersByTime(10_500)
    expect(await limiter.take('a')).toEqual({ allowed: false, retryAfterSeconds: 50 })
    expect(await limiter.take('a')).toEqual({ allowed: false, retryAfterSeconds: 50 })
    await limiter.refund('a')
    expect(await limiter.take('a')).toEqual({ allowed: true })
    expect(await limiter.take('b')).toEqual({ allowed: true })
    vi.advanceTimersByTime(50_000)
    expect(await limiter.take('a')).toEqual({ allowed: true })
  })

  test('counts parallel attempts', async () => {
    const limiter = createBoundedLimiter({ limit: { points: 3, seconds: 60 } })
    const taken = await Promise.all(Array.from({ length: 10 }, () => limiter.take('a')))
    expect(taken.filter(({ allowed }) => allowed)).toHaveLength(3)
  })

  test('gives no credit for a refund to a window that has ended', async () => {
    const limiter = createBoundedLimiter({ limit: { points: 1, seconds: 60 } })
    await limiter.refund('a')
    expect(await limiter.take('a')).toEqual({ allowed: true })
    expect(await limiter.take('a')).toMatchObject({ allowed: false })
  })

  test('has a maximum of keys and drops the least recently used', async () => {
    const limiter = createBoundedLimiter({ limit: { points: 1, seconds: 60 }, maxKeys: 2 })
    for (const key of ['a', 'b', 'a', 'c']) await limiter.take(key)
    expect(await limiter.take('a')).toMatchObject({ allowed: false })
    expect(await limiter.take('b')).toEqual({ allowed: true })
  })

  test('that is "off" allows everything', async () => {
    const limiter = createBoundedLimiter({ limit: 'off' })
    for (let i = 0; i < 1000; i++) expect(await limiter.take('a')).toEqual({ allowed: true })
  })
})

describe('the login throttle', () => {
  function setUp({
    pair = 100,
    address = 100,
    account = 100,
    device = 100,
    isFamiliar = async () => false,
  }: {
    pair?: number
    address?: number
    account?: number
    device?: number
    isFamiliar?: (attempt: { usernameKey: string }) => Promise<boolean>
  }) {
    const limiter = (points: number, seconds = 300) =>
      createBoundedLimiter({ limit: { points, seconds } })
    const throttle = createLoginThrottle({
      perPair: limiter(pair),
      perAddress: limiter(address),
      perAccount: limiter(account),
      slowLane: limiter(1, 10),
      strangers: limiter(3, 10),
      perDevice: limiter(device),
      recorded: limiter(1),
      isFamiliar,
    })
    const begin = (
      usernameKey: string,
      block = '203.0.113.7/32',
      deadline = new AbortController().signal,
      deviceId?: string,
    ) => throttle.take({ usernameKey, block, device: deviceId }, deadline)
    /** A complete attempt with a wrong password. */
    const fail = async (usernameKey: string, from?: string, deviceId?: string) => {
      const taken = await begin(usernameKey, from, undefined, deviceId)
      if (taken.allowed) await taken.end('wrong')
      return taken
    }
    return { begin, fail }
  }
  const allowed = expect.objectContaining({ allowed: true })

  test('limits guesses of one name from one address, and nothing else', async () => {
    const { fail } = setUp({ pair: 2 })
    for (let i = 0; i < 3; i++) expect(await fail('ada')).toEqual(allowed)
    expect(await fail('ada')).toMatchObject({
      allowed: false,
      limiter: 'login',
      isFirst: true,
      retryAfterSeconds: 10,
    })
    expect(await fail('ada')).toMatchObject({ allowed: false, limiter: 'login', isFirst: false })
    expect(await fail('bob')).toEqual(allowed)
    expect(await fail('ada', '198.51.100.1/32')).toEqual(allowed)
  })

  test('limits one address that tries many names', async () => {
    const { fail } = setUp({ address: 2 })
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      expect(await fail(name, '2001:db8:0:0::/64')).toEqual(allowed)
    expect(await fail('f', '2001:db8:0:0::/64')).toMatchObject({
      allowed: false,
      limiter: 'login_ip',
    })
    expect(await fail('f', '2001:db8:0:1::/64')).toEqual(allowed)
    vi.advanceTimersByTime(10_000)
    expect(await fail('f', '2001:db8:0:0::/64')).toEqual(allowed)
  })

  test('guesses of a neighbour never lock out the users of the same address', async () => {
    const isFamiliar = async ({ usernameKey }: { usernameKey: string }) => usernameKey === 'ada'
    const { begin, fail } = setUp({ pair: 10, address: 20, isFamiliar })
    for (let i = 0; i < 50; i++) await fail('ada')
    for (let i = 0; i < 200; i++) await fail(`made up ${i}`)
    vi.advanceTimersByTime(10_000)
    for (let i = 0; i < 5; i++) {
      const taken = await begin('ada')
      expect(taken).toEqual(allowed)
      if (taken.allowed) await taken.end('right')
    }
  })

  test('a known device is limited only by its own failures', async () => {
    const { fail } = setUp({ pair: 1, address: 1, account: 1, device: 2 })
    for (let i = 0; i < 20; i++) await fail('ada')
    expect([await fail('ada', undefined, 'd'), await fail('ada', undefined, 'd')]).toEqual([
      allowed,
      allowed,
    ])
    vi.advanceTimersByTime(10_000)
    expect(await fail('ada', undefined, 'd')).toEqual(allowed)
    expect(await fail('ada', undefined, 'd')).toMatchObject({
      allowed: false,
      limiter: 'login',
      retryAfterSeconds: 10,
    })
  })

  test('an attempt refused for its name does not count for its address', async () => {
    const { fail } = setUp({ pair: 1, address: 4 })
    for (let i = 0; i < 10; i++) await fail('ada')
    for (const name of ['b', 'c', 'd', 'e', 'f']) expect(await fail(name)).toEqual(allowed)
    expect(await fail('g')).toMatchObject({ allowed: false, limiter: 'login_ip' })
  })

  test('a name attacked from many addresses is delayed, never locked', async () => {
    const { fail } = setUp({ account: 2 })
    await fail('ada', '203.0.113.1/32')
    await fail('ada', '203.0.113.2/32')
    expect(await fail('ada', '203.0.113.3/32')).toEqual(allowed)
    expect(await fail('ada', '203.0.113.3/32')).toMatchObject({
      allowed: false,
      limiter: 'login_account',
      retryAfterSeconds: 10,
    })
    vi.advanceTimersByTime(10_000)
    expect(await fail('ada', '203.0.113.3/32')).toEqual(allowed)
  })

  test('an IPv6 /48 has one slow lane, not one for each /64', async () => {
    const { fail } = setUp({ account: 1 })
    await fail('ada', '198.51.100.1/32')
    expect(await fail('ada', '2001:db8:1:0::/64')).toEqual(allowed)
    expect(await fail('ada', '2001:db8:1:1::/64')).toMatchObject({
      allowed: false,
      limiter: 'login_account',
    })
    expect(await fail('ada', '2001:db8:2:0::/64')).toEqual(allowed)
  })

  test('its owner gets an attempt within one Retry-After, however often others try', async () => {
    const { fail } = setUp({ account: 2 })
    const attack = async () => {
      for (let i = 0; i < 20; i++) await fail('ada', `203.0.113.${i}/32`)
    }
    await attack()
    expect(await fail('ada', '198.51.100.1/32')).toEqual(allowed)
    expect(await fail('ada', '198.51.100.1/32')).toMatchObject({
      allowed: false,
      retryAfterSeconds: 10,
    })
    for (let second = 0; second < 10; second++) {
      await attack()
      vi.advanceTimersByTime(1000)
    }
    await attack()
    expect(await fail('ada', '198.51.100.1/32')).toEqual(allowed)
  })

  test('its owner is not delayed at an address where they have signed in before', async () => {
    const isFamiliar = vi.fn<() => Promise<boolean>>(async () => true)
    const { fail } = setUp({ account: 1, isFamiliar })
    for (let i = 0; i < 5; i++) expect(await fail('ada')).toEqual(allowed)
    expect(isFamiliar).toHaveBeenCalledWith({ usernameKey: 'ada', block: '203.0.113.7/32' })
  })

  test('right passwords do not count, sequentially or in parallel: an office behind one address is not limited', async () => {
    const { begin } = setUp({ pair: 2, address: 2, account: 2 })
    const signIns = Array.from({ length: 50 }, async (_, i) => {
      const taken = await begin(i % 2 === 0 ? 'ada' : 'bob')
      if (!taken.allowed) return 'refused'
      await Promise.resolve()
      await taken.end('right')
      return 'signed in'
    })
    expect(new Set(await Promise.all(signIns))).toEqual(new Set(['signed in']))
  })

  test('of many wrong parallel attempts no more than the limit are tried', async () => {
    const { fail } = setUp({ pair: 3 })
    const taken = await Promise.all(Array.from({ length: 50 }, () => fail('ada')))
    // The fourth attempt takes the slow lane.
    expect(taken.filter((one) => one.allowed)).toHaveLength(4)
  })

  test('an attempt that waits too long for others in flight is a retryable 503', async () => {
    const { begin } = setUp({ pair: 1 })
    const first = await begin('ada')
    expect(await begin('ada')).toEqual(allowed)
    const deadline = new AbortController()
    const second = begin('ada', undefined, deadline.signal)
    const third = begin('ada')
    deadline.abort()
    await expect(second).rejects.toMatchObject({ code: 'unavailable' })
    await expect(begin('ada', undefined, deadline.signal)).rejects.toMatchObject({
      code: 'unavailable',
    })
    if (first.allowed) await first.end('right')
    expect(await third).toEqual(allowed)
  })

  test('a failure while looking up the address refunds the attempt', async () => {
    const { fail } = setUp({
      pair: 9,
      account: 1,
      isFamiliar: () => Promise.reject(new CodedError('unavailable')),
    })
    await fail('ada')
    for (let i = 0; i < 20; i++)
      await expect(fail('ada')).rejects.toMatchObject({ code: 'unavailable' })
  })

  /** Limits whose address counter is `take`, with a delay of 10 ms. */
  function setUpSlow(points: number) {
    const local = createBoundedLimiter({ limit: { points, seconds: 300 } })
    const take = vi.fn<Limiter['take']>(async (key) => {
      await new Promise((resolve) => setTimeout(resolve, 10))
      return local.take(key)
    })
    const none = createBoundedLimiter({ limit: 'off' })
    const closed: Limiter = {
      take: async () => ({ allowed: false, retryAfterSeconds: 10 }),
      refund: async () => {},
    }
    const throttle = createLoginThrottle({
      perPair: none,
      perAddress: { take, refund: local.refund },
      perAccount: none,
      perDevice: none,
      slowLane: none,
      strangers: closed,
      recorded: none,
      isFamiliar: async () => false,
    })
    const deadline = new AbortController().signal
    const begin = (usernameKey: string, block: string) =>
      throttle.take({ usernameKey, block }, deadline)
    return { begin, take }
  }

  test('sign-ins from different addresses do not wait for each other', async () => {
    const { begin } = setUpSlow(1)
    const begun = Array.from({ length: 100 }, (_, i) => begin(`user-${i}`, `203.0.113.${i}/32`))
    await vi.advanceTimersByTimeAsync(10)
    const ends = Promise.all(begun)
    const late = new Promise((resolve) => setTimeout(() => resolve('late'), 1))
    const first = Promise.race([ends, late])
    await vi.advanceTimersByTimeAsync(1)
    expect(await first).toEqual(Array.from({ length: 100 }, () => allowed))
  })

  test('an attempt that ends wakes one attempt that waits for its address, not all', async () => {
    const { begin, take } = setUpSlow(2)
    const first = begin('a', '203.0.113.7/32')
    const second = begin('b', '203.0.113.7/32')
    const waiting = Array.from({ length: 50 }, (_, i) => begin(`user-${i}`, '203.0.113.7/32'))
    await vi.advanceTimersByTimeAsync(1000)
    expect(take).toHaveBeenCalledTimes(52)
    const [one, two] = await Promise.all([first, second])
    if (one.allowed) await one.end('right')
    await vi.advanceTimersByTimeAsync(1000)
    expect(take).toHaveBeenCalledTimes(53)
    const admitted = await waiting[0]
    expect(admitted).toEqual(allowed)
    if (two.allowed) await two.end('wrong')
    await vi.advanceTimersByTimeAsync(1000)
    expect(take).toHaveBeenCalledTimes(53)
    if (admitted?.allowed === true) await admitted.end('wrong')
    await vi.advanceTimersByTimeAsync(1000)
    const rest = await Promise.all(waiting.slice(1))
    expect(rest.filter((taken) => taken.allowed)).toEqual([])
  })
})
