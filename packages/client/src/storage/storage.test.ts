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

/** Of the event loop itself, whatever the clock of the test says. */
const turn = promisify(setImmediate)
withFakeClock()

/** A window, as far as the storage looks at it. `write` is another tab's. */
function windowWith(area: Storage) {
  const listeners = new Set<(event: { storageArea: Storage; key: string | null }) => void>()
  vi.stubGlobal('localStorage', area)
  vi.stubGlobal(
    'addEventListener',
    (event: string, listener: () => void) => event === 'storage' && listeners.add(listener),
  )
  const tell = (key: string | null) =>
    listeners.forEach((listener) => listener({ storageArea: area, key }))
  return {
    write(entries: Record<string, string>) {
      for (const [key, value] of Object.entries(entries)) {
        area.setItem(key, value)
        tell(key)
      }
    },
    clear() {
      area.clear()
      tell(null)
    },
  }
}

describe('localStorage', () => {
  test('is the default, under the keys of the guide', async () => {
    const area = webArea()
    windowWith(area)
    const { manager } = await signedIn({ storage: undefined as never })
    expect([area.getItem('access_token'), area.getItem('refresh_token')]).toEqual([
      manager.accessToken,
      manager.refreshToken,
    ])
  })

  test('a page that moves from the guide keeps its session', async () => {
    const { server } = await signedIn()
    const area = webArea({
      access_token: server.accessToken(),
      refresh_token: refreshTokenOf(1, 0),
    })
    const moved = setUp({ server, storage: webStorage(area) })
    expect(moved.manager.refreshToken).toBe(refreshTokenOf(1, 0))
    expect((await settle(moved.manager.request('/cases'))).status).toBe(200)
    // Nobody knows how old its token is: renewed at once.
    await passSeconds(1)
    expect([area.getItem('refresh_token'), moved.ends()]).toEqual([refreshTokenOf(1, 1), []])
  })

  test('emptied in another tab, or signed out there: signed out here too, once', async () => {
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

  test('the pair of another tab is taken over when all of it is there', async () => {
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

  test('an older pair that another tab puts back is replaced by the newer one', async () => {
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

  test('a note that is torn, foreign or of another pair counts for nothing', () => {
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

  test('a quota that is used up costs no session: it goes on in memory', async () => {
    const area = webArea()
    const { manager, events, server } = await signedIn({ storage: webStorage(area) })
    area.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
    await settle(manager.refreshTokens())
    expect((await settle(manager.request('/cases'))).status).toBe(200)
    expect(manager.refreshToken).toBe(refreshTokenOf(1, 1))
    expect(events()).toContain('error')
    // The old pair and its key are still stored, or gone: either way no other tab is led astray.
    expect(events()).not.toContain('session-ended')
    await settle(manager.refreshTokens())
    expect(server.revoked).toBe('')
  })

  test.each(['', 'null', 'undefined'])(
    'what a page wrote for a token that it had not got is none: %j',
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

  test('no window, no document, no localStorage: memory, for each instance its own', async () => {
    vi.stubGlobal('localStorage', undefined)
    await signedIn({ storage: undefined as never })
    expect(setUp({ storage: undefined as never }).manager.session).toBeNull()
  })

  test('signing out removes all of it', async () => {
    const area = webArea({ mine: '1' })
    const { manager } = await signedIn({ storage: webStorage(area) })
    void manager.logout()
    expect([area.length, area.getItem('mine')]).toEqual([1, '1'])
  })
})

describe('sessionStorage', () => {
  afterEach(() => vi.unstubAllGlobals())

  test('a duplicated tab is told the new pair, or its copy would look stolen', async () => {
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
    // Another session, or an older pair, is none of its business.
    await first.save({ ...session, accessToken: 'c', refreshToken: refreshTokenOf(2, 7) })
    await first.save({ ...session, accessToken: 'd', refreshToken: refreshTokenOf(1, 2) })
    while (copy.getItem('access_token') === 'b') await turn()
    expect(second.load()).toMatchObject({ accessToken: 'd' })
    expect([first.shared, second.shared]).toEqual([false, false])
  })
})

describe('a sessionStorage copy', () => {
  afterEach(() => vi.unstubAllGlobals())

  test('that was put away, and opened again after the first tab went on, begins with the pair of the first', async () => {
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
    // Its patience with the others begins to run out when they have answered.
    while (copy.getItem('access_token') === 'a') await turn()
    await passSeconds(0.1)
    expect(await loading).toMatchObject({ accessToken: 'b' })
    // Asked once: later reads are at once.
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

  test('a sign-out that is still being written is not undone by a read or by a late answer', async () => {
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

  test('one that fails is an error event, and no logout', async () => {
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

describe('a storage that fails now and then', () => {
  const boom = () => {
    throw new Error('locked')
  }

  test('one failed read makes nobody deaf to a sign-out elsewhere', async () => {
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

  test('what could not be removed does not undo a sign-out', async () => {
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
    'one that never answers a %s is waited for two seconds, then it goes on in memory',
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

  test('two instances on one that tells of no change both have the pair of one refresh', async () => {
    const { subscribe: _, ...storage } = memoryStorage()
    const { server, manager } = await signedIn({ storage })
    const other = setUp({ server, storage })
    await settle(Promise.all([manager.refreshTokens(), other.manager.refreshTokens()]))
    expect([server.count('refresh'), other.manager.refreshToken]).toEqual([1, refreshTokenOf(1, 1)])
  })
})

test('memoryStorage keeps nothing for others', async () => {
  const storage = memoryStorage()
  await storage.save({ accessToken: 'a', receivedAt: 1, lifetimeMs: 1 })
  expect(memoryStorage().load()).toBeUndefined()
})
