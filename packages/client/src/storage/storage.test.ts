import { promisify } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { memoryStorage, webStorage, type Session, type TokenStorage } from '../index.ts'
import { refreshTokenOf } from '../testing/fake-auth-server.ts'
import {
  passMinutes,
  passSeconds,
  setUp,
  settle,
  signedIn,
  sleepMinutes,
  withFakeClock,
} from '../testing/set-up.ts'
import { webArea } from '../testing/web-area.ts'

/** Waits for the real event loop, not for the test's clock. */
const turn = promisify(setImmediate)
withFakeClock()

/** The part of a window that the storage uses. `write` writes as another tab. */
function windowWith(area: Storage) {
  const listeners = new Set<(event: { storageArea: Storage; key: string | null }) => void>()
  vi.stubGlobal('localStorage', area)
  vi.stubGlobal(
    'addEventListener',
    (event: string, listener: () => void) => event === 'storage' && listeners.add(listener),
  )
  const dispatch = (key: string | null) =>
    listeners.forEach((listener) => listener({ storageArea: area, key }))
  return {
    write(entries: Record<string, string>) {
      for (const [key, value] of Object.entries(entries)) {
        area.setItem(key, value)
        dispatch(key)
      }
    },
    clear() {
      area.clear()
      dispatch(null)
    },
  }
}

describe('localStorage', () => {
  test("is the default, with the guide's keys", async () => {
    const area = webArea()
    windowWith(area)
    const { manager } = await signedIn({ storage: undefined as never })
    expect([area.getItem('access_token'), area.getItem('refresh_token')]).toEqual([
      manager.accessToken,
      manager.refreshToken,
    ])
  })

  test("a page that moves from the guide's client keeps its session", async () => {
    const { server } = await signedIn()
    const area = webArea({
      access_token: server.accessToken(),
      refresh_token: refreshTokenOf(1, 0),
    })
    const moved = setUp({ server, storage: webStorage(area) })
    expect(moved.manager.refreshToken).toBe(refreshTokenOf(1, 0))
    expect((await settle(moved.manager.request('/cases'))).status).toBe(200)
    // The age of its token is unknown, so it is refreshed at once.
    await passSeconds(1)
    expect([area.getItem('refresh_token'), moved.ends()]).toEqual([refreshTokenOf(1, 1), []])
  })

  test('emptied or signed out in another tab: signed out here too, with one event', async () => {
    const area = webArea()
    const { clear } = windowWith(area)
    const { manager, seen, server } = await signedIn({ storage: webStorage(area) })
    clear()
    await passSeconds(1)
    await passMinutes(60)
    expect(manager.session).toBeNull()
    expect(seen).toEqual([['session-ended', { reason: 'signed_out_elsewhere' }]])
    expect((await settle(manager.request('/cases'))).status).toBe(401)
    expect(server.count('refresh')).toBe(0)
  })

  test('the pair of another tab is used once it is complete', async () => {
    const area = webArea()
    const { write } = windowWith(area)
    const { manager, server, seen } = await signedIn({ storage: webStorage(area) })
    const other = webArea()
    server.generation = 1
    const accessToken = server.accessToken()
    await webStorage(other).save({
      accessToken,
      refreshToken: refreshTokenOf(1, 1),
      receivedAt: Date.now(),
      lifetimeMs: 1_800_000,
    })
    write({
      refresh_token: refreshTokenOf(1, 1),
      access_token: accessToken,
      auto_refresh: other.getItem('auto_refresh') ?? '',
    })
    await passSeconds(1)
    expect(manager.refreshToken).toBe(refreshTokenOf(1, 1))
    expect(seen).toEqual([['refreshed', { accessToken, elsewhere: true }]])
    expect(server.count('refresh')).toBe(0)
  })

  test('an older pair that another tab writes is replaced by the newer one', async () => {
    const area = webArea()
    const { write } = windowWith(area)
    const { manager } = await signedIn({ storage: webStorage(area) })
    await settle(manager.refreshTokens())
    write({ access_token: 'old', refresh_token: refreshTokenOf(1, 0) })
    await passSeconds(1)
    expect([
      manager.refreshToken,
      area.getItem('refresh_token'),
      area.getItem('access_token'),
    ]).toEqual([refreshTokenOf(1, 1), refreshTokenOf(1, 1), manager.accessToken])
  })

  test('metadata that is broken, foreign or of another pair is ignored', () => {
    for (const note of ['', '{', 'null', '[]', '{"of":"other","receivedAt":1,"attemptKey":"k"}']) {
      const area = webArea({ access_token: 'a', refresh_token: 'r', auto_refresh: note })
      expect(webStorage(area).load()).toEqual({
        accessToken: 'a',
        refreshToken: 'r',
        receivedAt: 0,
        lifetimeMs: 0,
      })
    }
  })

  test('with an exhausted quota the session continues in memory', async () => {
    const area = webArea()
    const { manager, events, server } = await signedIn({ storage: webStorage(area) })
    area.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
    await settle(manager.refreshTokens())
    expect((await settle(manager.request('/cases'))).status).toBe(200)
    expect(manager.refreshToken).toBe(refreshTokenOf(1, 1))
    expect(events()).toContain('error')
    // The old pair and its key are either still stored or gone, so no other tab is misled.
    expect(events()).not.toContain('session-ended')
    await settle(manager.refreshTokens())
    expect(server.revoked).toBe('')
  })

  test.each(['', 'null', 'undefined'])(
    'what a page writes for a missing token is no token: %j',
    async (none) => {
      expect(
        webStorage(webArea({ access_token: none, refresh_token: none })).load(),
      ).toBeUndefined()
      expect(webStorage(webArea({ access_token: 'a', refresh_token: none })).load()).toMatchObject({
        accessToken: 'a',
        refreshToken: undefined,
      })
    },
  )

  test('blocked by the user: memory', async () => {
    Object.defineProperty(globalThis, 'localStorage', {
      configurable: true,
      get: () => {
        throw new DOMException('blocked', 'SecurityError')
      },
    })
    const { manager } = await signedIn({ storage: undefined as never })
    expect((await settle(manager.request('/cases'))).status).toBe(200)
    Reflect.deleteProperty(globalThis, 'localStorage')
  })

  test('no window, no document, no localStorage: separate memory for each instance', async () => {
    vi.stubGlobal('localStorage', undefined)
    await signedIn({ storage: undefined as never })
    expect(setUp({ storage: undefined as never }).manager.session).toBeNull()
  })

  test('a sign-out removes everything', async () => {
    const area = webArea({ mine: '1' })
    const { manager } = await signedIn({ storage: webStorage(area) })
    void manager.logout()
    expect([area.length, area.getItem('mine')]).toEqual([1, '1'])
  })
})

describe('sessionStorage', () => {
  afterEach(() => vi.unstubAllGlobals())

  test('a duplicated tab receives the new pair, or its copy would look stolen', async () => {
    const [area, copy] = [webArea(), webArea()]
    vi.stubGlobal('sessionStorage', area)
    const first = webStorage(area)
    vi.stubGlobal('sessionStorage', copy)
    const second = webStorage(copy)
    const session: Session = {
      accessToken: 'a',
      refreshToken: refreshTokenOf(1, 0),
      receivedAt: 1,
      lifetimeMs: 1,
    }
    await second.save(session)
    await first.save({ ...session, accessToken: 'b', refreshToken: refreshTokenOf(1, 1) })
    while (copy.getItem('access_token') === 'a') await turn()
    expect(second.load()).toMatchObject({ accessToken: 'b', refreshToken: refreshTokenOf(1, 1) })
    // Another session, or an older pair, is ignored.
    await first.save({ ...session, accessToken: 'c', refreshToken: refreshTokenOf(2, 7) })
    await first.save({ ...session, accessToken: 'd', refreshToken: refreshTokenOf(1, 2) })
    while (copy.getItem('access_token') === 'b') await turn()
    expect(second.load()).toMatchObject({ accessToken: 'd' })
    expect([first.shared, second.shared]).toEqual([false, false])
  })
})

describe('a sessionStorage copy', () => {
  afterEach(() => vi.unstubAllGlobals())

  test("that is restored after the first tab has refreshed starts with the first tab's pair", async () => {
    const [area, copy] = [webArea(), webArea()]
    vi.stubGlobal('sessionStorage', area)
    const first = webStorage(area)
    const session: Session = {
      accessToken: 'a',
      refreshToken: refreshTokenOf(3, 0),
      receivedAt: 1,
      lifetimeMs: 1,
    }
    await first.save(session)
    for (const key of ['access_token', 'refresh_token', 'auto_refresh'])
      copy.setItem(key, area.getItem(key) ?? '')
    await first.save({ ...session, accessToken: 'b', refreshToken: refreshTokenOf(3, 1) })
    vi.stubGlobal('sessionStorage', copy)
    const restored = webStorage(copy)
    const loading = restored.load()
    // Its wait for the others ends shortly after they have answered.
    while (copy.getItem('access_token') === 'a') await turn()
    await passSeconds(0.1)
    expect(await loading).toMatchObject({ accessToken: 'b' })
    // It asks once; later reads are synchronous.
    expect(restored.load()).toMatchObject({ accessToken: 'b' })
  })
})

describe('an asynchronous storage', () => {
  function slow(kept?: Session): TokenStorage & { kept?: Session | undefined } {
    const later = () => new Promise<void>((resolve) => void setTimeout(resolve, 50))
    const storage = {
      kept,
      async load() {
        await later()
        return storage.kept
      },
      async save(session: Session) {
        await later()
        storage.kept = session
      },
      async remove() {
        await later()
        storage.kept = undefined
      },
    }
    return storage
  }

  test('signs in, refreshes, and is read by the next page', async () => {
    const storage = slow()
    const { server, manager } = await signedIn({ storage })
    await settle(manager.refreshTokens())
    expect(storage.kept).toMatchObject({ refreshToken: refreshTokenOf(1, 1) })
    const reloaded = setUp({ server, storage: slow(storage.kept) })
    expect((await settle(reloaded.manager.request('/cases'))).status).toBe(200)
    expect(reloaded.manager.refreshToken).toBe(refreshTokenOf(1, 1))
  })

  test('a sign-out that is still being written is not undone by a read or a late answer', async () => {
    const storage = slow()
    const { server, manager } = await signedIn({ storage })
    const refresh = manager.refreshTokens()
    refresh.catch(() => {})
    await passSeconds(0.13)
    void manager.logout()
    expect((await settle(manager.request('/cases'))).status).toBe(401)
    await passSeconds(60)
    expect([storage.kept, manager.session]).toEqual([undefined, null])
    expect(server.revoked).not.toBe('')
  })

  test('a failing one causes an error event and no logout', async () => {
    const storage = slow()
    const { manager, events } = await signedIn({ storage })
    storage.load = () => Promise.reject(new Error('keychain locked'))
    storage.save = () => Promise.reject(new Error('keychain locked'))
    sleepMinutes(31)
    expect((await settle(manager.request('/cases'))).status).toBe(200)
    expect(events()).toContain('error')
    expect(events()).not.toContain('session-ended')
  })
})

describe('a storage with occasional failures', () => {
  const boom = () => {
    throw new Error('locked')
  }

  test('a sign-out elsewhere is noticed after a failed read', async () => {
    const area = webArea()
    const { manager, ends } = await signedIn({ storage: webStorage(area) })
    const { getItem } = area
    area.getItem = boom
    expect((await settle(manager.request('/cases'))).status).toBe(200)
    area.getItem = getItem
    area.clear()
    expect((await settle(manager.request('/cases'))).status).toBe(401)
    expect(ends()).toEqual(['signed_out_elsewhere'])
  })

  test('a failed removal does not undo a sign-out', async () => {
    const area = webArea()
    const { manager } = await signedIn({ storage: webStorage(area) })
    area.removeItem = boom
    await settle(manager.logout())
    expect((await settle(manager.request('/cases'))).status).toBe(401)
    expect(manager.session).toBeNull()
    await settle(manager.login('admin', 'password'))
    expect((await settle(manager.request('/cases'))).status).toBe(200)
  })

  test.each(['load', 'save', 'remove'] as const)(
    'a %s without an answer is waited for two seconds, then the session continues in memory',
    async (method) => {
      const storage: TokenStorage = { ...memoryStorage(), [method]: () => new Promise(() => {}) }
      const { manager, events } = await signedIn({ storage })
      expect((await settle(manager.request('/cases'))).status).toBe(200)
      const from = Date.now()
      await settle(manager.logout())
      expect(Date.now() - from).toBeLessThan(3000)
      expect((await settle(manager.request('/cases'))).status).toBe(401)
      expect(events()).toContain('error')
    },
  )

  test('two instances on a storage without change events share the pair of one refresh', async () => {
    const { subscribe: _, ...storage } = memoryStorage()
    const { server, manager } = await signedIn({ storage })
    const other = setUp({ server, storage })
    await settle(Promise.all([manager.refreshTokens(), other.manager.refreshTokens()]))
    expect([server.count('refresh'), other.manager.refreshToken]).toEqual([1, refreshTokenOf(1, 1)])
  })
})

test('memoryStorage shares nothing with other instances', async () => {
  const storage = memoryStorage()
  await storage.save({ accessToken: 'a', receivedAt: 1, lifetimeMs: 1 })
  expect(memoryStorage().load()).toBeUndefined()
})
