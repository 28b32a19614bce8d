import { afterEach, describe, expect, test, vi } from 'vitest'
import { memoryStorage, webStorage, type Session, type TokenStorage } from '../index.ts'
import { fakeAuthServer, refreshTokenOf } from '../testing/fake-auth-server.ts'
import { passSeconds, setUp, settle, signedIn, withFakeClock } from '../testing/set-up.ts'
import { webArea } from '../testing/web-area.ts'

withFakeClock()
afterEach(() => vi.unstubAllGlobals())

const ONE = 'https://one.example'
const TWO = 'https://two.example'
/** A storage with one place, as an application writes it. */
function ownStorage(kept?: Session): TokenStorage {
  let session = kept
  const later = () => new Promise<void>((resolve) => void setTimeout(resolve, 20))
  return {
    load: () => later().then(() => session),
    save: (next) => later().then(() => void (session = next)),
    remove: () => later().then(() => void (session = undefined)),
  }
}
function sessionArea(): Storage {
  const area = webArea()
  vi.stubGlobal('sessionStorage', area)
  return area
}
const sentTo = (server: ReturnType<typeof fakeAuthServer>) =>
  server.calls.map(({ headers, body }) => `${headers.get('Authorization')} ${body}`).join('\n')

describe.each<[string, () => TokenStorage]>([
  ['localStorage', () => webStorage(webArea())],
  ['sessionStorage', () => webStorage(sessionArea())],
  ['memoryStorage', memoryStorage],
])('two servers on one %s', (_, createStorage) => {
  test('each has its own session, and no token is sent to the other', async () => {
    const storage = createStorage()
    const one = await signedIn({ baseURL: ONE, storage })
    const two = setUp({ server: fakeAuthServer({ firstSession: 50 }), baseURL: TWO, storage })
    expect(two.manager.session).toBeNull()
    expect((await settle(two.manager.request('/cases'))).status).toBe(401)
    await expect(settle(two.manager.refreshTokens())).rejects.toMatchObject({
      code: 'refresh_token_missing',
    })
    await settle(two.manager.login('admin', 'password'))
    for (const { manager } of [one, two, one]) await settle(manager.refreshTokens())
    for (const { manager } of [one, two])
      expect((await settle(manager.request('/cases'))).status).toBe(200)
    expect([one.manager.refreshToken, two.manager.refreshToken]).toEqual([
      refreshTokenOf(1, 2),
      refreshTokenOf(51, 1),
    ])
    expect(sentTo(two.server)).not.toContain(refreshTokenOf(1, 0).slice(0, 28))
    expect(sentTo(one.server)).toContain(refreshTokenOf(1, 0).slice(0, 28))
    expect([...one.ends(), ...two.ends()]).toEqual([])
  })

  test('a sign-out from one keeps the other signed in, whichever signed in first', async () => {
    const storage = createStorage()
    const one = await signedIn({ baseURL: ONE, storage })
    const two = await signedIn({ baseURL: TWO, storage })
    await settle(one.manager.logout())
    const reloaded = setUp({ server: two.server, baseURL: TWO, storage })
    expect((await settle(reloaded.manager.request('/cases'))).status).toBe(200)
    await settle(one.manager.login('admin', 'password'))
    await settle(two.manager.logout())
    expect((await settle(one.manager.request('/cases'))).status).toBe(200)
    expect([one.ends(), two.ends(), reloaded.ends()]).toEqual([
      ['logout'],
      ['logout'],
      ['signed_out_elsewhere'],
    ])
  })
})

test("the first server uses the guide's keys, the second its own", async () => {
  const area = webArea()
  const storage = webStorage(area)
  const one = await signedIn({ baseURL: ONE, storage })
  const two = await signedIn({ baseURL: TWO, storage })
  expect([area.getItem('access_token'), area.getItem('refresh_token')]).toEqual([
    one.manager.accessToken,
    one.manager.refreshToken,
  ])
  expect(area.getItem(`refresh_token ${TWO}`)).toBe(two.manager.refreshToken)
})

test('a storage with one place never returns its session to another server, whose sign-out keeps it', async () => {
  const storage = ownStorage()
  const one = await signedIn({ baseURL: ONE, storage })
  const two = setUp({ baseURL: TWO, storage })
  expect((await settle(two.manager.request('/cases'))).status).toBe(401)
  await settle(two.manager.logout())
  expect([two.server.count('refresh'), two.server.count('logout'), sentTo(two.server)]).toEqual([
    0,
    0,
    'null ',
  ])
  expect((await settle(one.manager.request('/cases'))).status).toBe(200)
  expect(one.ends()).toEqual([])
})

describe('a pair that an earlier version stored, without a server', () => {
  const NOTED = { receivedAt: Date.now(), lifetimeMs: 1_800_000 }
  async function stored(issuer: string) {
    const { server, manager } = await signedIn({ server: fakeAuthServer({ issuer }) })
    const [accessToken, refreshToken] = [manager.accessToken ?? '', manager.refreshToken ?? '']
    const note = JSON.stringify({ ...NOTED, of: refreshToken.slice(-16) })
    return {
      server,
      area: webArea({ access_token: accessToken, refresh_token: refreshToken, auto_refresh: note }),
      session: { ...NOTED, accessToken, refreshToken },
    }
  }
  const has = ({ manager }: ReturnType<typeof setUp>) => manager.session !== null

  test.each([
    ['it is its issuer', `${TWO}/`, [ONE, TWO], [false, true]],
    [
      'it is its issuer, also if that server is the first to read',
      `${TWO}/`,
      [TWO, ONE],
      [true, false],
    ],
    [
      'the issuer is neither: the first to read',
      'http://issuer.example',
      [ONE, TWO],
      [true, false],
    ],
    ['the issuer is no URL: the first to read', 'auth', [TWO, ONE], [true, false]],
  ])('belongs to one server only: %s', async (_, issuer, [first = '', second = ''], expected) => {
    const { server, area } = await stored(issuer)
    const managers = [first, second].map((baseURL) =>
      setUp({ server, baseURL, storage: webStorage(area) }),
    )
    expect(managers.map(has)).toEqual(expected)
    // After a reload, in the other order, it is still the same server.
    const reloaded = [second, first].map((baseURL) =>
      setUp({ server, baseURL, storage: webStorage(webAreaOf(area)) }),
    )
    expect(reloaded.map(has)).toEqual([expected[1], expected[0]])
    const owner = reloaded.find(has)
    await settle(owner?.manager.refreshTokens() ?? Promise.reject(new Error('no server has it')))
    expect(server.revoked).toBe('')
  })

  test('belongs to one of two servers on an asynchronous storage, too', async () => {
    const { server, session } = await stored('auth')
    const storage = ownStorage(session)
    const managers = [ONE, TWO].map((baseURL) => setUp({ server, baseURL, storage }))
    await passSeconds(1)
    expect(managers.map(has)).toEqual([true, false])
  })

  test('keeps the key of a refresh whose answer was lost', async () => {
    const { area } = await stored('auth')
    const note = JSON.parse(area.getItem('auto_refresh') ?? '') as object
    area.setItem('auto_refresh', JSON.stringify({ ...note, attemptKey: 'kept' }))
    setUp({ baseURL: ONE, storage: webStorage(area) })
    expect(JSON.parse(area.getItem('auto_refresh') ?? '')).toMatchObject({
      attemptKey: 'kept',
      server: `?${ONE}`,
    })
  })

  test('is used even if the storage is too full to mark it', async () => {
    const { server, area } = await stored('auth')
    area.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
    const { manager } = setUp({ server, baseURL: ONE, storage: webStorage(area) })
    expect((await settle(manager.request('/cases'))).status).toBe(200)
  })
})

test("a pair that the guide's client refreshed stays with the server whose pair it replaces", async () => {
  const area = webArea()
  const { server, manager, ends } = await signedIn({ baseURL: ONE, storage: webStorage(area) })
  server.generation += 1
  area.setItem('access_token', server.accessToken())
  area.setItem('refresh_token', server.refreshToken())
  const two = setUp({ server, baseURL: TWO, storage: webStorage(area) })
  expect(two.manager.session).toBeNull()
  expect((await settle(manager.request('/cases'))).status).toBe(200)
  // The age of the guide's pair is unknown, so it is refreshed at once.
  expect([manager.session?.generation, ends()]).toEqual([2, []])
})

test("while one server's pair is stored, no other tab reads it as its own", async () => {
  const area = webArea()
  const seen: Array<string | undefined> = []
  const { server, manager } = setUp({ baseURL: TWO, storage: webStorage(area) })
  const { setItem } = area
  area.setItem = (key, value) => {
    setItem(key, value)
    // The other tab reads everything at every write.
    const other = setUp({ server, baseURL: ONE, storage: webStorage(webAreaOf(area)) })
    seen.push(other.manager.accessToken ?? undefined)
  }
  await settle(manager.login('admin', 'password'))
  expect([seen.length > 2, new Set(seen)]).toEqual([true, new Set([undefined])])
})

/** The same entries in a reloaded page. */
function webAreaOf(area: Storage): Storage {
  const keys = Array.from({ length: area.length }, (_, index) => area.key(index) ?? '')
  return webArea(Object.fromEntries(keys.map((key) => [key, area.getItem(key) ?? ''])))
}
