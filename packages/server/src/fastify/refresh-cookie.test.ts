import cookie from '@fastify/cookie'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import {
  clearRefreshCookie,
  setRefreshCookie,
  type RefreshCookieSettings,
} from './refresh-cookie.ts'

/**
 * The cookies that an answer sets, and those that it clears in `cleared`, without their common
 * attributes.
 */
async function answered(
  settings: Partial<RefreshCookieSettings>,
  {
    host = 'auth.app.example',
    sent,
    path = '/set',
  }: { host?: string; sent?: string; path?: string } = {},
) {
  const app = Fastify()
  void app.register(cookie, { hook: false })
  const given = { secure: 'auto', sameSite: 'lax', ...settings } as const
  app.get('/set', async (_, reply) =>
    setRefreshCookie(reply, { token: 'art_new', idleUntilMs: 60_000, nowMs: 0 }, given),
  )
  app.get('/clear', async (_, reply) => clearRefreshCookie(reply, given))
  const { headers } = await app.inject({
    url: path,
    headers: { host, ...(sent === undefined ? {} : { cookie: sent }) },
  })
  return [headers['set-cookie'] ?? []]
    .flat()
    .map((line) =>
      line
        .replace('=; Max-Age=0; ', ' cleared ')
        .replace('Path=/; HttpOnly; ', '')
        .replaceAll('; ', ' '),
    )
}

const OWN = '__Host-refresh_token=art_new Max-Age=60 Secure SameSite=Lax'

test('the cookie has the __Host- prefix if it is Secure without a Domain, else the plain name', async () => {
  expect(await answered({})).toEqual([OWN])
  expect(await answered({ secure: 'true' }, { host: 'localhost' })).toEqual([OWN])
  expect(await answered({}, { host: 'localhost' })).toEqual([
    'refresh_token=art_new Max-Age=60 SameSite=Lax',
  ])
  expect(await answered({ secure: 'false' })).toEqual([
    'refresh_token=art_new Max-Age=60 SameSite=Lax',
  ])
  expect(await answered({ domain: 'app.example' })).toEqual([
    'refresh_token=art_new Max-Age=60 Domain=app.example Secure SameSite=Lax',
  ])
})

test('a cookie from before a change of settings is cleared when the next one is set', async () => {
  const plain = [
    'refresh_token cleared Secure SameSite=Lax',
    'refresh_token cleared Domain=auth.app.example Secure SameSite=Lax',
  ]
  const ofDomain = 'refresh_token cleared Domain=app.example Secure SameSite=Lax'
  expect(await answered({}, { sent: 'refresh_token=art_old' })).toEqual([OWN, ...plain, ofDomain])
  expect(
    await answered({ domain: 'app.example' }, { sent: '__Host-refresh_token=art_old' }),
  ).toEqual([
    expect.stringContaining('art_new'),
    '__Host-refresh_token cleared Secure SameSite=Lax',
  ])
  const several = await answered(
    { domain: 'app.example' },
    { sent: 'refresh_token=art_a; refresh_token=art_b' },
  )
  expect(several).toEqual(expect.arrayContaining(plain))
  expect(several).not.toContain(ofDomain)
})

test('the cookie of another application is not cleared', async () => {
  expect(await answered({}, { sent: 'refresh_token=eyJhbGciOi; refresh_token=42' })).toEqual([OWN])
})

test('a single current cookie clears nothing', async () => {
  expect(await answered({}, { sent: '__Host-refresh_token=art_a' })).toHaveLength(1)
  expect(await answered({ domain: 'app.example' }, { sent: 'refresh_token=art_a' })).toHaveLength(1)
})

test('clearing removes the host-only cookie and the one of the domain', async () => {
  expect(await answered({ domain: 'app.example' }, { path: '/clear' })).toEqual([
    'refresh_token cleared Domain=app.example Secure SameSite=Lax',
    'refresh_token cleared Secure SameSite=Lax',
  ])
  expect(await answered({}, { path: '/clear' })).toEqual([
    '__Host-refresh_token cleared Secure SameSite=Lax',
    'refresh_token cleared Secure SameSite=Lax',
  ])
  expect(await answered({}, { host: 'localhost', path: '/clear' })).toEqual([
    'refresh_token cleared SameSite=Lax',
  ])
})

test('no domain is cleared for an IP address or a single-label host', async () => {
  for (const host of ['192.0.2.7:8000', '[2001:db8::7]:8000', 'intranet']) {
    expect(
      (await answered({ secure: 'true' }, { host, sent: 'refresh_token=art_old' })).join(),
    ).not.toContain('Domain')
  }
})

test('a partitioned cookie is Secure and replaces one that is not partitioned', async () => {
  const settings = { sameSite: 'none', partitioned: true } as const
  expect(await answered(settings, { host: 'localhost' })).toEqual([
    '__Host-refresh_token=art_new Max-Age=60 Secure Partitioned SameSite=None',
  ])
  expect(
    await answered(settings, { sent: '__Host-refresh_token=art_a; __Host-refresh_token=art_b' }),
  ).toContain('__Host-refresh_token cleared Secure SameSite=None')
})
