import { describe, expect, test } from 'vitest'
import type { HttpSettings } from '../http-deps.ts'
import { reuseTestApp } from '../../../testing/open-test-app.ts'

const TOKEN = '/api/v1/auth/token'
const ALLOW_HEADERS =
  'Authorization, Content-Type, x-refresh-token, x-auto-refresh, idempotency-key, x-request-id, traceparent, tracestate, baggage, sentry-trace'
const EXPOSED =
  'x-token-refreshed, x-new-access-token, x-new-refresh-token, retry-after, x-request-id'
const LISTED: Partial<HttpSettings> = { allowedOrigins: ['https://app.example'] }
const STANDALONE: Partial<HttpSettings> = { standalone: true }

async function ask(
  settings: Partial<HttpSettings>,
  origin: string | undefined,
  request: {
    method?: 'GET' | 'POST' | 'DELETE' | 'OPTIONS'
    url?: string
    headers?: Record<string, string>
    payload?: string
  } = {},
) {
  const { app } = reuseTestApp(settings)
  const headers = {
    host: 'localhost:8000',
    ...(origin === undefined ? {} : { origin }),
    ...request.headers,
  }
  const answer = await app.inject({ url: '/.well-known/jwks.json', ...request, headers })
  const {
    'access-control-allow-origin': allowed,
    'access-control-allow-credentials': credentials,
  } = answer.headers
  return {
    status: answer.statusCode,
    allowed,
    credentials,
    vary: answer.headers.vary,
    headers: answer.headers,
  }
}

describe('which pages may read our responses', () => {
  test.each<[string, Partial<HttpSettings>, string | undefined, object]>([
    [
      'a listed origin, with credentials',
      LISTED,
      'https://app.example',
      { allowed: 'https://app.example', credentials: 'true' },
    ],
    [
      'an app that is not a web site',
      { allowedOrigins: ['capacitor://localhost'] },
      'capacitor://localhost',
      { allowed: 'capacitor://localhost', credentials: 'true' },
    ],
    ['a listed host on another port', LISTED, 'https://app.example:444', {}],
    ['a listed host in plain http', LISTED, 'http://app.example', {}],
    ['a subdomain of a listed origin', LISTED, 'https://sub.app.example', {}],
    ['an origin with the listed one as prefix', LISTED, 'https://app.example.evil.example', {}],
    ['an origin with the listed one as suffix', LISTED, 'https://evilapp.example', {}],
    ['the origin null', LISTED, 'null', {}],
    ['*', LISTED, '*', {}],
    ['no origin', LISTED, undefined, {}],
    ['this machine, without standalone', {}, 'http://localhost:5173', {}],
    [
      'this machine in standalone, without credentials',
      STANDALONE,
      'http://localhost:5173',
      { allowed: 'http://localhost:5173' },
    ],
    [
      '127.0.0.1 in standalone',
      STANDALONE,
      'http://127.0.0.1:3000',
      { allowed: 'http://127.0.0.1:3000' },
    ],
    [
      'localhost without a port in standalone',
      STANDALONE,
      'http://localhost',
      { allowed: 'http://localhost' },
    ],
    ['https on this machine in standalone', STANDALONE, 'https://localhost:5173', {}],
    [
      'a name that begins with localhost in standalone',
      STANDALONE,
      'http://localhost.evil.example',
      {},
    ],
    [
      'an address that looks like localhost in standalone',
      STANDALONE,
      'http://127.0.0.1.evil.example:80',
      {},
    ],
    [
      'a user that looks like localhost in standalone',
      STANDALONE,
      'http://localhost@evil.example',
      {},
    ],
    [
      'this machine in standalone with a list of origins',
      { ...STANDALONE, ...LISTED },
      'http://localhost:5173',
      {},
    ],
    [
      'a listed origin in standalone',
      { ...STANDALONE, ...LISTED },
      'https://app.example',
      { allowed: 'https://app.example', credentials: 'true' },
    ],
  ])('%s', async (_, settings, origin, expected) => {
    const { allowed, credentials, vary } = await ask(settings, origin)
    expect({ allowed, credentials, vary }).toEqual({
      allowed: undefined,
      credentials: undefined,
      vary: 'Origin',
      ...expected,
    })
  })
})

test('a preflight of a listed origin returns the allowed methods and headers', async () => {
  const { status, headers } = await ask(LISTED, 'https://app.example', {
    method: 'OPTIONS',
    url: TOKEN,
    headers: {
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-evil',
    },
  })
  expect(status).toBe(204)
  expect(headers).toMatchObject({
    'access-control-allow-origin': 'https://app.example',
    'access-control-allow-credentials': 'true',
    'access-control-allow-headers': ALLOW_HEADERS,
    'access-control-allow-methods': 'GET, HEAD, POST, PATCH, DELETE',
    'access-control-max-age': '600',
    vary: 'Origin',
  })
})

test('a preflight of another origin gets no permission', async () => {
  const { status, headers } = await ask(LISTED, 'https://evil.example', {
    method: 'OPTIONS',
    url: TOKEN,
    headers: { 'access-control-request-method': 'POST' },
  })
  expect(status).toBe(204)
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  expect(headers.allow).toBe('POST, OPTIONS')
})

test('the headers that our clients read are exposed', async () => {
  expect((await ask(LISTED, 'https://app.example')).headers['access-control-expose-headers']).toBe(
    EXPOSED,
  )
})

test.each<[string, Parameters<typeof ask>[2], number]>([
  ['400', { method: 'POST', url: '/api/v1/auth/refresh' }, 400],
  ['400 for an undecodable path', { url: '/%zz' }, 400],
  ['401', { url: '/api/v1/auth/me' }, 401],
  [
    '400 for an id that is too long',
    {
      method: 'DELETE',
      url: `/api/v1/auth/sessions/${'a'.repeat(2000)}`,
      headers: { authorization: 'Bearer live' },
    },
    400,
  ],
  ['404', { url: '/nowhere' }, 404],
  ['405', { method: 'POST', url: '/api/v1/auth/me' }, 405],
  [
    '415',
    { method: 'POST', url: TOKEN, headers: { 'content-type': 'text/plain' }, payload: 'x' },
    415,
  ],
])('errors have the headers too: %s', async (_, request, status) => {
  expect(await ask(LISTED, 'https://app.example', request)).toMatchObject({
    status,
    allowed: 'https://app.example',
    credentials: 'true',
    headers: { 'access-control-expose-headers': EXPOSED },
  })
})
