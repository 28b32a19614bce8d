import { PRODUCT_VERSION } from '@auto-refresh/service-kit/config'
import { describe, expect, test } from 'vitest'
import { reuseTestApp } from '../../testing/open-test-app.ts'

const TOKEN = '/api/v1/auth/token'
const REFRESH = '/api/v1/auth/refresh'
const credentials = { username: 'ann', password: 'secret words' }
type Request = {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'
  url: string
  headers?: Record<string, string | string[]>
  payload?: object | string | Buffer
}

async function ask(request: Request, standalone = false) {
  const { app, calls, lines } = reuseTestApp({ standalone })
  const answer = await app.inject(request)
  const error = answer.body === '' ? undefined : answer.json().error
  return {
    status: answer.statusCode,
    code: error?.code,
    body: answer.body,
    headers: answer.headers,
    calls: [...calls],
    lines: [...lines],
  }
}
const json = (payload: string | Buffer, type = 'application/json'): Request => ({
  method: 'POST',
  url: TOKEN,
  headers: { 'content-type': type },
  payload,
})

describe('a body that does not match the schema is 400 and reaches no use case', () => {
  test.each<[string, object | string]>([
    ['a list as password', { ...credentials, password: ['x'] }],
    ['an operator as password', { ...credentials, password: { $gt: '' } }],
    ['a number as username', { ...credentials, username: 1 }],
    ['true', { ...credentials, password: true }],
    ['null', { ...credentials, password: null }],
    ['an unknown property', { ...credentials, admin: true }],
    ['no password', { username: 'ann' }],
    ['an empty username', { ...credentials, username: '' }],
    ['a username of 129 characters', { ...credentials, username: 'x'.repeat(129) }],
    ['a password of 257 characters', { ...credentials, password: 'x'.repeat(257) }],
    ['a line break in the username', { ...credentials, username: 'a\r\nb' }],
    ['NUL in the username', { ...credentials, username: 'a\u0000' }],
    ['NUL in the password', { ...credentials, password: 'a\u0000' }],
    ['a line break in the password', { ...credentials, password: 'secret words\n' }],
    ['a C1 control character in the password', { ...credentials, password: 'secret\u0085words' }],
    ['a list', [credentials]],
    ['a text', '"text"'],
    ['a number', '1'],
    ['nothing', ''],
  ])('%s', async (_, payload) => {
    const { status, code, calls, body } = await ask({
      method: 'POST',
      url: TOKEN,
      headers: { 'content-type': 'application/json' },
      payload,
    })
    expect([status, code, calls]).toEqual([400, 'invalid_request', []])
    expect(body).not.toMatch(/\$gt|xxxx|secret|ann\b/)
  })

  test('the message names the field and the rule, never the value', async () => {
    const { body } = await ask({
      method: 'POST',
      url: TOKEN,
      payload: { ...credentials, password: 'p'.repeat(300) },
    })
    expect(JSON.parse(body).message).toBe(
      'The request is not valid: body/password must NOT have more than 256 characters',
    )
  })

  test.each([
    { refresh_token: 1 },
    { refresh_token: ['r'] },
    { refresh_token: { a: 1 } },
    { refresh_token: 'r', more: 1 },
  ])('to refresh %o', async (payload) => {
    expect(await ask({ method: 'POST', url: REFRESH, payload })).toMatchObject({
      status: 400,
      code: 'invalid_request',
      calls: [],
    })
  })

  test.each(['r\n', 'r\u0000', '\u0085'])(
    'a refresh token with control characters is checked like any token: %j',
    async (token) => {
      const { calls } = await ask({
        method: 'POST',
        url: REFRESH,
        payload: { refresh_token: token },
      })
      expect(calls).toMatchObject([{ name: 'refresh', request: { refreshToken: token } }])
    },
  )

  test.each([
    '{"refresh_token":"a","refresh_token":"b"}',
    '{"__proto__":{"refresh_token":"a"}}',
    '{"refresh_token":"a"',
    'refresh_token=a',
    '\u0000',
  ])('to refresh as %s', async (payload) => {
    expect(await ask({ ...json(payload), url: REFRESH })).toMatchObject({
      status: 400,
      code: 'invalid_request',
      calls: [],
    })
  })
})

describe('only application/json is read', () => {
  const body = JSON.stringify(credentials)
  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'APPLICATION/JSON',
    'application/json; charset="utf-8"',
    'application/json ; charset=utf-8',
    'application/json\t;charset=utf-8',
    'application/json;',
    'application/json; charset=utf-8;',
  ])('%o is', async (type) => {
    expect((await ask(json(body, type))).status).toBe(200)
  })
  test.each([
    'application/jsonx',
    'application/json x',
    'application/json; charset',
    'application/json; charset="utf-8',
    "application/json; charset='utf-8'",
    'application/json; charset =utf-8',
    'application/json; charset=utf-16',
    'application/json; charset=utf-8; a=b',
    'text/plain',
    'text/json',
    'application/problem+json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json, text/plain',
    '*/*',
    'x',
    '',
  ])('%o is 415', async (type) => {
    expect(await ask(json(body, type))).toMatchObject({
      status: 415,
      code: 'unsupported_media_type',
      calls: [],
    })
  })
  test('a body without a content type is 415', async () => {
    expect(await ask({ method: 'POST', url: TOKEN, payload: Buffer.from(body) })).toMatchObject({
      status: 415,
      calls: [],
    })
  })
})

test('a body of 8 KiB is accepted, one byte more is 413', async () => {
  const sized = (bytes: number) => json(`{"refresh_token":"r"${' '.repeat(bytes - 21)}}`)
  expect((await ask({ ...sized(8192), url: REFRESH })).status).toBe(200)
  expect(await ask({ ...sized(8193), url: REFRESH })).toMatchObject({
    status: 413,
    code: 'payload_too_large',
    calls: [],
  })
})

test.each(['authorization', 'host', 'content-type', 'origin', 'idempotency-key'])(
  'two %s headers are 400, equal ones too',
  async (name) => {
    const value = name === 'content-type' ? 'application/json' : name === 'host' ? 'localhost' : 'x'
    const { status, code, calls } = await ask({
      method: 'POST',
      url: REFRESH,
      headers: { [name]: [value, value] },
      payload: Buffer.from('{"refresh_token":"r"}'),
    })
    expect([status, code, calls]).toEqual([400, 'invalid_request', []])
  },
)

test.each(['', ' ', 'a b', 'ä', 'x'.repeat(256)])(
  'an Idempotency-Key of %o is 400',
  async (key) => {
    for (const url of [REFRESH, '/api/v1/auth/auto-refresh']) {
      expect(
        await ask({
          method: 'POST',
          url,
          headers: { 'idempotency-key': key },
          payload: { refresh_token: 'r' },
        }),
      ).toMatchObject({ status: 400, code: 'invalid_request', calls: [] })
    }
  },
)

test.each(['!', '~', 'x'.repeat(255)])('an Idempotency-Key of %o counts', async (key) => {
  expect(
    (
      await ask({
        method: 'POST',
        url: REFRESH,
        headers: { 'idempotency-key': key },
        payload: { refresh_token: 'r' },
      })
    ).calls,
  ).toMatchObject([{ request: { idempotencyKey: key } }])
})

describe('methods and paths', () => {
  test.each<[Request['method'] & string, string, string]>([
    ['GET', TOKEN, 'POST, OPTIONS'],
    ['HEAD', REFRESH, 'POST, OPTIONS'],
    ['PUT', '/api/v1/auth/logout', 'POST, OPTIONS'],
    ['POST', '/api/v1/auth/me', 'GET, HEAD, OPTIONS'],
    ['PATCH', '/api/v1/auth/sessions/whatever', 'DELETE, OPTIONS'],
    ['DELETE', '/.well-known/jwks.json', 'GET, HEAD, OPTIONS'],
  ])('%s %s is 405 with Allow', async (method, url, allow) => {
    const { status, headers, calls } = await ask({ method, url })
    expect([status, headers.allow, calls]).toEqual([405, allow, []])
  })

  test.each([
    '/',
    '/metrics',
    '/.git/config',
    '/package.json',
    '/api/v1/auth/token.css',
    '/api/v1/auth/token/',
    '/API/V1/AUTH/TOKEN',
    '//api/v1/auth/token',
    '/api/v1/auth/token;x',
    '/docs/static/../../package.json',
    '/docs/static/%2e%2e/%2e%2e/package.json',
  ])('%s is 404', async (url) => {
    expect(await ask({ method: 'POST', url })).toMatchObject({
      status: expect.toSatisfy((status) => status === 404 || status === 405),
      calls: [],
    })
    expect((await ask({ url })).status).toBe(404)
  })

  test('a method override header is ignored', async () => {
    expect(
      (await ask({ url: TOKEN, headers: { 'x-http-method-override': 'POST' }, payload: '' }))
        .status,
    ).toBe(405)
  })

  test.each(['/%', '/%zz', '/api/v1/auth/sessions/%E0%A4%A'])(
    'the undecodable path %s is 400',
    async (url) => {
      const { status, code, headers } = await ask({ url })
      expect([status, code]).toEqual([400, 'invalid_request'])
      expect(headers).toMatchObject({
        'x-request-id': expect.stringMatching(/^id-/),
        'cache-control': 'no-store, private',
        'x-content-type-options': 'nosniff',
      })
    },
  )

  test.each([
    'x',
    '1 or 1=1',
    '%00',
    '..%2f..',
    '0198c1a0-0000-7000-8000-00000000000a0',
    'x'.repeat(300),
  ])('an id that is not a UUID is 400: %s', async (id) => {
    const request: Request = {
      method: 'DELETE',
      url: `/api/v1/auth/sessions/${encodeURI(id)}`,
      headers: { authorization: 'Bearer live' },
    }
    expect(await ask(request)).toMatchObject({ status: 400, code: 'invalid_request', calls: [] })
  })

  test.each<[string, Record<string, string>, number, string]>([
    ['..%5c..%5cpackage.json', {}, 403, 'forbidden'],
    ['a%00b', {}, 403, 'forbidden'],
    ['missing.css', {}, 404, 'not_found'],
    ['swagger-ui.css', { range: 'bytes=99999999-' }, 400, 'invalid_request'],
    ['swagger-ui.css', { 'if-match': 'x' }, 400, 'invalid_request'],
    [
      'swagger-ui.css',
      { 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' },
      400,
      'invalid_request',
    ],
  ])(
    "a file of the reference is refused as the caller's fault, without a line: %s %o",
    async (file, headers, ...expected) => {
      for (const method of ['GET', 'HEAD'] as const) {
        const {
          status,
          code = expected[1],
          lines,
          headers: given,
        } = await ask({ method, url: `/docs/static/${file}`, headers })
        expect([status, code, lines, given.allow, given['cache-control']]).toEqual([
          ...expected,
          [],
          undefined,
          'no-store, private',
        ])
      }
    },
  )

  test.each(['x', '100-continue, x'])('to expect %s is 400', async (value) => {
    expect(
      await ask({
        method: 'POST',
        url: REFRESH,
        headers: { expect: value },
        payload: { refresh_token: 'r' },
      }),
    ).toMatchObject({ status: 400, code: 'invalid_request', calls: [] })
  })

  test('a token in the query is ignored', async () => {
    expect(await ask({ method: 'POST', url: `${REFRESH}?refresh_token=r` })).toMatchObject({
      status: 400,
      code: 'refresh_token_missing',
    })
    expect(await ask({ url: '/api/v1/auth/me?access_token=live' })).toMatchObject({
      status: 401,
      code: 'access_token_missing',
    })
  })
})

describe('the Host in standalone (DNS rebinding)', () => {
  test.each([
    'localhost:8000',
    '127.0.0.1:8000',
    '[::1]:8000',
    'app.localhost:8000',
    '192.168.1.5:8000',
    'LOCALHOST',
  ])('%s is accepted', async (host) => {
    expect((await ask({ url: '/.well-known/jwks.json', headers: { host } }, true)).status).toBe(200)
  })
  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil.example:8000',
    '[evil]',
  ])('%s is refused', async (host) => {
    expect(
      await ask({ method: 'POST', url: TOKEN, headers: { host }, payload: credentials }, true),
    ).toMatchObject({ status: 403, code: 'forbidden', calls: [] })
  })
  test('a name in ALLOWED_HOSTS is accepted; the refusal of another name mentions the name and the setting', async () => {
    const { app } = reuseTestApp({ standalone: true, allowedHosts: ['auth'] })
    const of = async (host: string) =>
      (await app.inject({ url: '/.well-known/jwks.json', headers: { host } })).json()
    expect(await of('AUTH:8000')).toHaveProperty('keys')
    expect((await of('other:8000')).message).toBe(
      'The host name other is not allowed; set ISSUER to the public URL, or add the name to ALLOWED_HOSTS',
    )
    expect((await of('a<b')).message).toContain('This host name is not allowed;')
  })
  test('every Host gets the liveness check', async () => {
    const { app } = reuseTestApp({ standalone: true })
    const checked = await app.inject({ url: '/healthz', headers: { host: 'health.example' } })
    expect([checked.statusCode, checked.json()]).toEqual([
      200,
      { status: 'alive', version: PRODUCT_VERSION },
    ])
  })
  test('without standalone every Host is accepted', async () => {
    expect(
      (await ask({ url: '/.well-known/jwks.json', headers: { host: 'auth.example' } })).status,
    ).toBe(200)
  })
})

test('no invalid input writes a log line', async () => {
  for (const request of [
    json('{'),
    json('{}', 'text/plain'),
    { url: '/%' },
    { method: 'POST', url: REFRESH, payload: { refresh_token: 1 } },
  ] satisfies Request[]) {
    expect((await ask(request)).lines).toEqual([])
  }
})
