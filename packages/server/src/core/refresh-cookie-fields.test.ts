import { expect, test } from 'vitest'
import {
  toClearedCookieFields,
  toRefreshCookieFields,
  type RefreshCookieSettings,
} from './refresh-cookie-fields.ts'

/**
 * The cookies that an answer sets, and those that it clears in `cleared`, without their common
 * attributes.
 */
function answered(
  settings: Partial<RefreshCookieSettings>,
  {
    host = 'auth.app.example',
    sent,
    clear = false,
  }: { host?: string; sent?: string; clear?: boolean } = {},
) {
  const given = { secure: 'auto', sameSite: 'lax', ...settings } as const
  const request = {
    protocol: 'http',
    hostname: host.replace(/:\d+$/, ''),
    headers: { host, ...(sent === undefined ? {} : { cookie: sent }) },
    raw: { rawHeaders: [], httpVersion: '1.1' },
  }
  const fields = clear
    ? toClearedCookieFields(request, given)
    : toRefreshCookieFields(request, { token: 'art_new', idleUntilMs: 60_000, nowMs: 0 }, given)
  expect(fields.every(([name]) => name === 'set-cookie')).toBe(true)
  return fields.map(([, line]) =>
    line
      .replace('=; Max-Age=0; ', ' cleared ')
      .replace('Path=/; HttpOnly; ', '')
      .replaceAll('; ', ' '),
  )
}

const OWN = '__Host-refresh_token=art_new Max-Age=60 Secure SameSite=Lax'

test('the cookie has the __Host- prefix if it is Secure without a Domain, else the plain name', () => {
  expect(answered({})).toEqual([OWN])
  expect(answered({ secure: 'true' }, { host: 'localhost' })).toEqual([OWN])
  expect(answered({}, { host: 'localhost' })).toEqual([
    'refresh_token=art_new Max-Age=60 SameSite=Lax',
  ])
  expect(answered({ secure: 'false' })).toEqual(['refresh_token=art_new Max-Age=60 SameSite=Lax'])
  expect(answered({ domain: 'app.example' })).toEqual([
    'refresh_token=art_new Max-Age=60 Domain=app.example Secure SameSite=Lax',
  ])
})

test('a cookie from before a change of settings is cleared when the next one is set', () => {
  const plain = [
    'refresh_token cleared Secure SameSite=Lax',
    'refresh_token cleared Domain=auth.app.example Secure SameSite=Lax',
  ]
  const ofDomain = 'refresh_token cleared Domain=app.example Secure SameSite=Lax'
  expect(answered({}, { sent: 'refresh_token=art_old' })).toEqual([OWN, ...plain, ofDomain])
  expect(answered({ domain: 'app.example' }, { sent: '__Host-refresh_token=art_old' })).toEqual([
    expect.stringContaining('art_new'),
    '__Host-refresh_token cleared Secure SameSite=Lax',
  ])
  const several = answered(
    { domain: 'app.example' },
    { sent: 'refresh_token=art_a; refresh_token=art_b' },
  )
  expect(several).toEqual(expect.arrayContaining(plain))
  expect(several).not.toContain(ofDomain)
})

test('the cookie of another application is not cleared', () => {
  expect(answered({}, { sent: 'refresh_token=eyJhbGciOi; refresh_token=42' })).toEqual([OWN])
})

test('a single current cookie clears nothing', () => {
  expect(answered({}, { sent: '__Host-refresh_token=art_a' })).toHaveLength(1)
  expect(answered({ domain: 'app.example' }, { sent: 'refresh_token=art_a' })).toHaveLength(1)
})

test('clearing removes the host-only cookie and the one of the domain', () => {
  expect(answered({ domain: 'app.example' }, { clear: true })).toEqual([
    'refresh_token cleared Domain=app.example Secure SameSite=Lax',
    'refresh_token cleared Secure SameSite=Lax',
  ])
  expect(answered({}, { clear: true })).toEqual([
    '__Host-refresh_token cleared Secure SameSite=Lax',
    'refresh_token cleared Secure SameSite=Lax',
  ])
  expect(answered({}, { host: 'localhost', clear: true })).toEqual([
    'refresh_token cleared SameSite=Lax',
  ])
})

test('no domain is cleared for an IP address or a single-label host', () => {
  for (const host of ['192.0.2.7:8000', '[2001:db8::7]:8000', 'intranet']) {
    expect(
      answered({ secure: 'true' }, { host, sent: 'refresh_token=art_old' }).join(),
    ).not.toContain('Domain')
  }
})

test('a partitioned cookie is Secure and replaces one that is not partitioned', () => {
  const settings = { sameSite: 'none', partitioned: true } as const
  expect(answered(settings, { host: 'localhost' })).toEqual([
    '__Host-refresh_token=art_new Max-Age=60 Secure Partitioned SameSite=None',
  ])
  expect(
    answered(settings, { sent: '__Host-refresh_token=art_a; __Host-refresh_token=art_b' }),
  ).toContain('__Host-refresh_token cleared Secure SameSite=None')
})
