import { expect, test } from 'vitest'
import { memoryStorage, webStorage } from './index.ts'
import { fakeAuthServer, refusal } from './testing/fake-auth-server.ts'
import { setUp, settle, signedIn, sleepMinutes, withFakeClock } from './testing/set-up.ts'
import { webArea } from './testing/web-area.ts'

withFakeClock()

const cookie = () => ({ server: fakeAuthServer({ cookies: true }), transport: 'cookie' as const })

test('the script never has the refresh token, and each call proves that no foreign page sent it', async () => {
  const area = webArea()
  const { server, manager } = setUp({ ...cookie(), storage: webStorage(area) })
  await settle(manager.login('admin', 'password'))
  await settle(manager.refreshTokens())
  await settle(manager.logout())
  expect(server.calls.map(({ path, headers, body }) => [path, headers.get('X-Auto-Refresh'), body])).toEqual([
    ['token', '1', JSON.stringify({ username: 'admin', password: 'password', transport: 'cookie' })],
    ['refresh', '1', '{}'],
    ['logout', '1', '{}'],
  ])
  expect(manager.refreshToken).toBeNull()
})

test('a reload without anything stored finds its session by the cookie, and asks once', async () => {
  const { server } = await signedIn(cookie())
  const reloaded = setUp({ server, transport: 'cookie', storage: memoryStorage() })
  const answers = await settle(Promise.all([1, 2, 3].map(() => reloaded.manager.request('/cases'))))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(server.count('refresh')).toBe(1)
})

test('a visitor without a cookie is asked about once, and is no session that ended', async () => {
  const { server, manager, seen } = setUp(cookie())
  server.next['refresh'] = Array(9).fill(() => refusal(400, 'refresh_token_missing'))
  for (let times = 0; times < 3; times += 1) expect((await settle(manager.request('/cases'))).status).toBe(401)
  expect([server.count('refresh'), seen]).toEqual([1, []])
})

test('a cookie that is gone ends the session', async () => {
  const { server, manager, ends } = await signedIn(cookie())
  server.next['refresh'] = [() => refusal(400, 'refresh_token_missing')]
  await expect(settle(manager.refreshTokens())).rejects.toMatchObject({ code: 'refresh_token_missing' })
  expect(ends()).toEqual(['refresh_token_missing'])
})

test('a due token is renewed before the request: the server would renew it on an answer that may get lost', async () => {
  const { server, manager } = await signedIn(cookie())
  sleepMinutes(27)
  await settle(manager.request('/cases'))
  expect(server.calls.map(({ path }) => path)).toEqual(['refresh', 'cases'])
})

test('a pair that the server renewed by itself is taken over, unless it answers an older token', async () => {
  const { server, manager } = await signedIn(cookie())
  const [early, late] = [server.accessToken(), server.accessToken()]
  const renewedTo = (token: string) => () => new Response('{}', { headers: { 'X-Token-Refreshed': 'true', 'X-New-Access-Token': token } })
  server.next['cases'] = [renewedTo(late), () => new Promise((resolve) => void setTimeout(() => resolve(renewedTo(early)()), 1000))]
  await settle(Promise.all([manager.request('/cases'), manager.request('/cases')]))
  expect(manager.accessToken).toBe(late)
})
