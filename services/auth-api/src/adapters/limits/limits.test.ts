import { CodedError } from '@auto-refresh/contracts'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createBoundedLimiter } from './create-bounded-limiter.ts'
import { createLoginThrottle } from './create-login-throttle.ts'
import { createRefusedRefreshLimit } from './create-refused-refresh-limit.ts'
import { toAddressBlock, toBareAddress } from './to-address-block.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test.each([
  ['203.0.113.7', '203.0.113.7/32', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7/32', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64', '2001:db8:1:2:3:4:5:6'],
  ['fe80::1%eth0', 'fe80::/64', 'fe80::1'],
  ['unknown', undefined, undefined],
])('%s counts as %s', (address, block, bare) => {
  expect(toAddressBlock(address)).toBe(block)
  expect(toBareAddress(address)).toBe(bare)
})

describe('a limiter', () => {
  test('allows its points a window, tells how long to wait, and which refusal was the first', async () => {
    const limiter = createBoundedLimiter({ limit: { points: 2, seconds: 60 } })
    expect([await limiter.take('a'), await limiter.take('a')]).toEqual([{ allowed: true }, { allowed: true }])
    vi.advanceTimersByTime(10_500)
    expect(await limiter.take('a')).toEqual({ allowed: false, retryAfterSeconds: 50, isFirst: true })
    expect(await limiter.take('a')).toMatchObject({ allowed: false, isFirst: false })
    expect(await limiter.take('b')).toEqual({ allowed: true })
    vi.advanceTimersByTime(50_000)
    expect(await limiter.take('a')).toEqual({ allowed: true })
  })

  test('counts parallel attempts', async () => {
    const limiter = createBoundedLimiter({ limit: { points: 3, seconds: 60 } })
    const taken = await Promise.all(Array.from({ length: 10 }, () => limiter.take('a')))
    expect(taken.filter(({ allowed }) => allowed)).toHaveLength(3)
  })

  test('gives no credit to a window that has ended', async () => {
    const limiter = createBoundedLimiter({ limit: { points: 1, seconds: 60 } })
    await limiter.giveBack('a')
    expect(await limiter.take('a')).toEqual({ allowed: true })
    expect(await limiter.take('a')).toMatchObject({ allowed: false })
  })

  test('is bounded in keys: the one not used for longest is forgotten', async () => {
    const limiter = createBoundedLimiter({ limit: { points: 1, seconds: 60 }, maxKeys: 2 })
    for (const key of ['a', 'b', 'a', 'c']) await limiter.take(key)
    expect(await limiter.take('a')).toMatchObject({ allowed: false })
    expect(await limiter.take('b')).toEqual({ allowed: true })
  })

  test('that is off allows everything', async () => {
    const limiter = createBoundedLimiter({ limit: 'off' })
    for (let i = 0; i < 1000; i++) expect(await limiter.take('a')).toEqual({ allowed: true })
  })
})

describe('the login throttle', () => {
  function setUp({ pair = 100, address = 100, account = 100, isFamiliar = async () => false }: { pair?: number; address?: number; account?: number; isFamiliar?: () => Promise<boolean> }) {
    const limiter = (points: number, seconds = 300) => createBoundedLimiter({ limit: { points, seconds } })
    const throttle = createLoginThrottle({ perPair: limiter(pair), perAddress: limiter(address), perAccount: limiter(account), slowLane: limiter(1, 10), isFamiliar })
    return { throttle, take: (usernameKey: string, from = '203.0.113.7') => throttle.take({ usernameKey, address: from }) }
  }

  test('stops guessing one name from one address, and nobody else', async () => {
    const { take } = setUp({ pair: 2 })
    await take('ada')
    await take('ada')
    expect(await take('ada')).toMatchObject({ allowed: false, limiter: 'login' })
    expect(await take('bob')).toEqual({ allowed: true })
    expect(await take('ada', '198.51.100.1')).toEqual({ allowed: true })
  })

  test('stops one address that tries many names; a whole /64 is one address', async () => {
    const { take } = setUp({ address: 2 })
    await take('a', '2001:db8::1')
    await take('b', '2001:db8::2')
    expect(await take('c', '2001:db8::3')).toMatchObject({ allowed: false, limiter: 'login_ip' })
    expect(await take('c', '2001:db8:0:1::3')).toEqual({ allowed: true })
  })

  test('an attempt refused for its name does not use up the address', async () => {
    const { take } = setUp({ pair: 1, address: 3 })
    for (let i = 0; i < 10; i++) await take('ada')
    expect([await take('b'), await take('c')]).toEqual([{ allowed: true }, { allowed: true }])
    expect(await take('d')).toMatchObject({ allowed: false, limiter: 'login_ip' })
  })

  test('a name that is attacked from everywhere is delayed, never locked', async () => {
    const { take } = setUp({ account: 2 })
    await take('ada', '203.0.113.1')
    await take('ada', '203.0.113.2')
    expect(await take('ada', '203.0.113.3')).toEqual({ allowed: true })
    expect(await take('ada', '203.0.113.4')).toMatchObject({ allowed: false, limiter: 'login_account', retryAfterSeconds: 10 })
    vi.advanceTimersByTime(10_000)
    expect(await take('ada', '203.0.113.5')).toEqual({ allowed: true })
  })

  test('its owner is not delayed where they have signed in before', async () => {
    const isFamiliar = vi.fn<() => Promise<boolean>>(async () => true)
    const { take } = setUp({ account: 1, isFamiliar })
    for (let i = 0; i < 5; i++) expect(await take('ada')).toEqual({ allowed: true })
    expect(isFamiliar).toHaveBeenCalledWith({ usernameKey: 'ada', address: '203.0.113.7' })
  })

  test('what was right is given back: an office behind one address is no attack', async () => {
    const { take, throttle } = setUp({ pair: 1, address: 1, account: 1 })
    for (let i = 0; i < 20; i++) {
      expect(await take('ada')).toEqual({ allowed: true })
      await throttle.giveBack({ usernameKey: 'ada', address: '203.0.113.7' })
    }
  })

  test('trouble while looking the address up costs the user nothing', async () => {
    const { take } = setUp({ pair: 3, account: 1, isFamiliar: () => Promise.reject(new CodedError('unavailable')) })
    await take('ada')
    await take('ada')
    for (let i = 0; i < 5; i++) await expect(take('ada')).rejects.toMatchObject({ code: 'unavailable' })
  })
})

test('refused refresh tokens are limited by address', async () => {
  const limit = createRefusedRefreshLimit({ limiter: createBoundedLimiter({ limit: { points: 1, seconds: 60 } }) })
  expect(await limit.take('::ffff:203.0.113.7')).toEqual({ allowed: true })
  expect(await limit.take('203.0.113.7')).toMatchObject({ allowed: false, retryAfterSeconds: 60 })
})
