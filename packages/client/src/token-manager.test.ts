import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { AuthError, TokenManager, memoryStorage, webStorage, type AuthEvents, type TokenManagerOptions } from './index.ts'
import { fakeAuthServer } from './testing/fake-auth-server.ts'
import { webArea } from './testing/web-area.ts'

const managers: TokenManager[] = []
export function setUp(server = fakeAuthServer(), options: TokenManagerOptions = {}) {
  const manager = new TokenManager({ storage: memoryStorage(), fetch: server.fetch, ...options })
  managers.push(manager)
  const seen: Array<[string, unknown]> = []
  for (const event of ['refreshed', 'session-ended', 'error'] as const) manager.on(event, (payload: AuthEvents[typeof event]) => seen.push([event, payload]))
  return { server, manager, seen, events: () => seen.map(([event]) => event) }
}
/** Lets the fake clock run until the promise is settled. */
export async function settle<T>(work: Promise<T>): Promise<T> {
  let done = false
  const watched = work.finally(() => (done = true))
  watched.catch(() => {})
  for (let turns = 0; !done && turns < 10_000; turns += 1) await vi.advanceTimersByTimeAsync(10)
  return watched
}
const passMinutes = (minutes: number) => vi.advanceTimersByTimeAsync(minutes * 60_000)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  for (const manager of managers.splice(0)) manager.dispose()
  vi.useRealTimers()
})

describe('as the guide has it', () => {
  test('signs in, requests, refreshes and signs out', async () => {
    const area = webArea()
    const { server, manager, events } = setUp(undefined, { storage: webStorage(area) })
    const signedIn = await settle(manager.login('admin', 'password'))
    expect(signedIn).toMatchObject({ status: 200, message: 'Login Successfully', data: { token_type: 'bearer', expires_in: 1800 } })
    expect([manager.accessToken, manager.refreshToken]).toEqual([signedIn.data.access_token, signedIn.data.refresh_token])
    expect([area.getItem('access_token'), area.getItem('refresh_token')]).toEqual([manager.accessToken, manager.refreshToken])

    const response = await settle(manager.request('/api/v1/cases'))
    expect(await response.json()).toEqual({ token: manager.accessToken, body: '' })
    expect(server.calls.at(-1)).toMatchObject({ url: 'http://localhost:8000/api/v1/cases' })

    const renewed = await settle(manager.refreshTokens())
    expect(renewed.data).toEqual({ access_token: manager.accessToken, refresh_token: server.refreshToken(), token_type: 'bearer', expires_in: 1800 })
    expect(manager.session).toMatchObject({ generation: 1, sessionId: '00000000-0000-0000-0000-000000000001' })

    const signedOut = manager.logout()
    expect([manager.accessToken, manager.refreshToken, manager.session, area.length]).toEqual([null, null, null, 0])
    await settle(signedOut)
    expect(server.revoked).not.toBe('')
    expect(events()).toEqual(['refreshed', 'session-ended'])
    await expect(settle(manager.refreshTokens())).rejects.toMatchObject({ code: 'refresh_token_missing', message: 'No refresh token available' })
  })

  test('a wrong password is a coded error, and no session', async () => {
    const { manager } = setUp()
    await expect(settle(manager.login('admin', 'wrong'))).rejects.toEqual(expect.objectContaining({ code: 'invalid_credentials', status: 401, retryable: false }))
    await expect(settle(manager.login('admin', 'wrong'))).rejects.toBeInstanceOf(AuthError)
    expect(manager.session).toBeNull()
  })

  test('five requests with an expired token make one refresh, and all are answered', async () => {
    const { server, manager } = setUp()
    await settle(manager.login('admin', 'password'))
    server.next['refresh'] = Array(99).fill(() => { throw new TypeError('offline') })
    await passMinutes(31)
    server.next['refresh'] = []
    server.calls.length = 0
    await passMinutes(1)
    const answers = await settle(Promise.all([1, 2, 3, 4, 5].map(() => manager.request('/api/v1/cases'))))
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
    expect(server.count('refresh')).toBe(1)
  })

  test('renews before the token is due, for days', async () => {
    const { server, manager } = setUp()
    await settle(manager.login('admin', 'password'))
    await passMinutes(24)
    expect(server.count('refresh')).toBe(0)
    await passMinutes(1.1)
    expect(server.count('refresh')).toBe(1)
    await passMinutes(60 * 24)
    expect(server.count('refresh')).toBeGreaterThan(56)
    expect(server.count('refresh')).toBeLessThan(62)
    expect(server.revoked).toBe('')
  })
})
