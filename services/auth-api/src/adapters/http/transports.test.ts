import { describe, expect, test } from 'vitest'
import type { HttpSettings } from './http-deps.ts'
import { openTestApp, reuseTestApp } from '../../testing/open-test-app.ts'

const AUTH = '/api/v1/auth'
const REFRESHES = ['/refresh', '/auto-refresh']
const proof = { 'x-auto-refresh': '1' }
const cookie = (token: string) => ({ cookie: `refresh_token=${token}` })
const COOKIE = 'refresh_token=refresh-1; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax'

async function post(
  path: string,
  {
    headers = {},
    payload,
    settings = {},
  }: {
    headers?: Record<string, string | string[]>
    payload?: object | string
    settings?: Partial<HttpSettings>
  },
) {
  const { app, calls } = reuseTestApp(settings)
  const answer = await app.inject({
    method: 'POST',
    url: AUTH + path,
    headers,
    ...(payload === undefined ? {} : { payload }),
  })
  const body = answer.json()
  return {
    status: answer.statusCode,
    code: body.error?.code,
    data: body.data,
    headers: answer.headers,
    asked: calls.map(({ request }) => request),
  }
}

describe('a refresh token is read from body, header or cookie, and returned the same way', () => {
  test.each(REFRESHES)('%s', async (path) => {
    for (const [from, request] of [
      ['body', { payload: { refresh_token: 'r1' } }],
      ['header', { headers: { 'x-refresh-token': 'r1' } }],
      [
        'body and equal header',
        { headers: { 'x-refresh-token': 'r1' }, payload: { refresh_token: 'r1' } },
      ],
      [
        'body beside a stale cookie',
        {
          headers: { ...cookie('stale'), origin: 'https://evil.example' },
          payload: { refresh_token: 'r1' },
        },
      ],
      [
        'header beside stale cookies',
        { headers: { cookie: 'refresh_token=a; refresh_token=b', 'x-refresh-token': 'r1' } },
      ],
    ] as const) {
      const { status, data, headers, asked } = await post(path, request)
      expect([from, status, data?.refresh_token, headers['set-cookie']]).toEqual([
        from,
        200,
        'refresh-1',
        undefined,
      ])
      expect(asked).toMatchObject([{ refreshToken: 'r1' }])
    }
    const { status, data, headers, asked } = await post(path, {
      headers: { ...cookie('r1'), ...proof },
    })
    expect([
      status,
      data.access_token,
      data.refresh_token,
      headers['set-cookie'],
      headers['x-new-refresh-token'],
    ]).toEqual([200, 'access-1', undefined, COOKIE, undefined])
    expect(asked).toMatchObject([{ refreshToken: 'r1' }])
  })
})

test.each(REFRESHES)('a token that is too long counts as forged, and is cut: %s', async (path) => {
  for (const request of [
    { payload: { refresh_token: 'x'.repeat(3000) } },
    { headers: { 'x-refresh-token': 'x'.repeat(3000) } },
  ]) {
    expect((await post(path, request)).asked).toMatchObject([{ refreshToken: 'x'.repeat(1024) }])
  }
})

test.each(REFRESHES)('different tokens are refused and change nothing: %s', async (path) => {
  for (const request of [
    { headers: { 'x-refresh-token': 'a' }, payload: { refresh_token: 'b' } },
    { headers: { 'x-refresh-token': ['a', 'b'] } },
  ]) {
    expect(await post(path, request)).toMatchObject({
      status: 400,
      code: 'ambiguous_refresh_token',
      asked: [],
    })
  }
})

test.each([
  'application/x-www-form-urlencoded',
  'text/plain',
  'application/json',
  'application/octet-stream',
  ', odd',
])('an empty body counts as no body, whatever its type: %s', async (type) => {
  for (const length of [{}, { 'content-length': '0' }]) {
    for (const path of [...REFRESHES, '/logout']) {
      expect(
        await post(path, { headers: { 'x-refresh-token': 'r1', 'content-type': type, ...length } }),
      ).toMatchObject({ status: 200, asked: [{ refreshToken: 'r1' }] })
    }
  }
})

describe('several refresh cookies', () => {
  const sent = { cookie: 'refresh_token=art_a; refresh_token=art_b' }

  test.each([...REFRESHES, '/logout', '/logout-all'])(
    'are no error; the use case chooses one: %s',
    async (path) => {
      const { status, asked } = await post(path, { headers: { ...sent, ...proof } })
      expect([status, asked[0]]).toMatchObject([
        200,
        { refreshTokens: ['art_a', 'art_b'], accessToken: undefined },
      ])
      expect(asked[1]).toMatchObject({ refreshToken: 'art_b' })
      expect(
        (await post(path, { headers: { ...sent, ...proof, authorization: 'Bearer expired' } }))
          .asked[0],
      ).toMatchObject({ accessToken: 'expired' })
    },
  )

  test.each([...REFRESHES, '/logout', '/logout-all'])(
    'need the same proof as a single one: %s',
    async (path) => {
      expect(await post(path, { headers: sent })).toMatchObject({
        status: 403,
        code: 'csrf_rejected',
        asked: [],
      })
    },
  )

  test('are a single one after the response', async () => {
    const { headers } = await post('/refresh', {
      headers: { ...sent, ...proof, host: 'auth.app.example' },
      settings: { cookie: { secure: 'true', sameSite: 'lax', domain: 'app.example' } },
    })
    expect(headers['set-cookie']).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^refresh_token=refresh-1; .*Domain=app\.example/),
        'refresh_token=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax',
      ]),
    )
  })

  test('cause no peek when a __Host- cookie, an equal cookie or an explicit token decides', async () => {
    for (const [headers, expected] of [
      [{ cookie: 'refresh_token=art_a; __Host-refresh_token=art_h; refresh_token=art_b' }, 'art_h'],
      [{ cookie: 'refresh_token=art_a; refresh_token=art_a' }, 'art_a'],
      [{ ...sent, 'x-refresh-token': 'r1' }, 'r1'],
    ] as const) {
      expect((await post('/refresh', { headers: { ...headers, ...proof } })).asked).toMatchObject([
        { refreshToken: expected },
      ])
    }
  })
})

describe('a sign-in', () => {
  const credentials = { username: 'ann', password: 'secret words' }

  test('by cookie sets the cookie alone', async () => {
    const { status, data, headers } = await post('/token', {
      headers: proof,
      payload: { ...credentials, transport: 'cookie' },
    })
    expect([status, data.refresh_token, headers['set-cookie']]).toEqual([200, undefined, COOKIE])
    expect(data).toMatchObject({ access_token: 'access-1', token_type: 'bearer', expires_in: 1800 })
  })

  test('by cookie needs the same CSRF proof as a cookie (login CSRF)', async () => {
    const request = { payload: { ...credentials, transport: 'cookie' } }
    expect(await post('/token', request)).toMatchObject({
      status: 403,
      code: 'csrf_rejected',
      asked: [],
    })
    expect(
      await post('/token', { ...request, headers: { origin: 'https://evil.example', ...proof } }),
    ).toMatchObject({ code: 'csrf_rejected', asked: [] })
  })

  test('by body needs no CSRF proof', async () => {
    expect(
      (
        await post('/token', {
          headers: { origin: 'https://evil.example' },
          payload: { ...credentials, transport: 'body' },
        })
      ).data.refresh_token,
    ).toBe('refresh-1')
  })

  test.each(['header', '', 'Cookie', null, 1])(
    'by any other transport is 400: %o',
    async (transport) => {
      expect(await post('/token', { payload: { ...credentials, transport } })).toMatchObject({
        status: 400,
        code: 'invalid_request',
        asked: [],
      })
    },
  )

  test('does not end the session of a cookie in the request (fixation)', async () => {
    const { asked } = await post('/token', {
      headers: { ...cookie('planted'), ...proof },
      payload: { ...credentials, transport: 'cookie' },
    })
    expect(JSON.stringify(asked)).not.toContain('planted')
  })
})

describe('a logout', () => {
  const CLEARED = 'refresh_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax'

  test.each(['/logout', '/logout-all'])(
    'by cookie ends its session and clears the cookie: %s',
    async (path) => {
      expect(await post(path, { headers: { ...cookie('r1'), ...proof } })).toMatchObject({
        status: 200,
        headers: { 'set-cookie': CLEARED },
        asked: [{ refreshToken: 'r1' }],
      })
      expect(await post(path, { headers: cookie('r1') })).toMatchObject({
        status: 403,
        code: 'csrf_rejected',
        asked: [],
      })
    },
  )

  test('by access token also clears the cookie', async () => {
    expect(
      await post('/logout', { headers: { ...cookie('r1'), authorization: 'Bearer live' } }),
    ).toMatchObject({ status: 200, headers: { 'set-cookie': CLEARED } })
  })

  test('by an explicit token does not clear another cookie', async () => {
    expect(
      (await post('/logout', { headers: cookie('other'), payload: { refresh_token: 'r1' } }))
        .headers['set-cookie'],
    ).toBeUndefined()
  })
})

describe('a cookie counts only with proof against CSRF', () => {
  const listed = { allowedOrigins: ['https://app.example'] }
  const behindProxy = { trustedProxies: ['127.0.0.1'] }
  test.each<[string, Record<string, string>, Partial<HttpSettings>, boolean]>([
    ['nothing', {}, {}, false],
    ['the header', proof, {}, true],
    ['the header with another value', { 'x-auto-refresh': 'true' }, {}, false],
    ['our own origin by Host', { origin: 'http://auth.example', host: 'auth.example' }, {}, true],
    [
      'our own origin by Host and port',
      { origin: 'http://auth.example:8000', host: 'Auth.Example:8000' },
      {},
      true,
    ],
    [
      'the Host with another port',
      { origin: 'http://auth.example:8001', host: 'auth.example:8000' },
      {},
      false,
    ],
    [
      'the Host with another scheme',
      { origin: 'https://auth.example', host: 'auth.example' },
      {},
      false,
    ],
    [
      'the scheme from a trusted proxy',
      { origin: 'https://auth.example', host: 'auth.example', 'x-forwarded-proto': 'https' },
      behindProxy,
      true,
    ],
    [
      'the scheme from an untrusted peer',
      { origin: 'https://auth.example', host: 'auth.example', 'x-forwarded-proto': 'https' },
      {},
      false,
    ],
    ['the issuer as origin', { origin: 'http://localhost:8000', host: '127.0.0.1:8000' }, {}, true],
    ['a listed origin', { origin: 'https://app.example' }, listed, true],
    ['a listed origin with a port', { origin: 'https://app.example:444' }, listed, false],
    ['a listed origin in plain http', { origin: 'http://app.example' }, listed, false],
    [
      'an origin that ends like a listed one',
      { origin: 'https://evil-app.example' },
      listed,
      false,
    ],
    [
      'an origin that begins like a listed one',
      { origin: 'https://app.example.evil.example' },
      listed,
      false,
    ],
    ['a foreign origin with the header', { origin: 'https://evil.example', ...proof }, {}, false],
    ['the origin null', { origin: 'null' }, {}, false],
    ['the origin null with the header', { origin: 'null', ...proof }, {}, false],
    ['an empty origin', { origin: '', ...proof }, {}, false],
    [
      'a page on this machine, in standalone',
      { origin: 'http://localhost:5173', host: 'localhost' },
      { standalone: true },
      false,
    ],
  ])('%s', async (_, headers, settings, counts) => {
    for (const path of [...REFRESHES, '/logout', '/logout-all']) {
      const { status, code, asked } = await post(path, {
        headers: { ...cookie('r1'), ...headers },
        settings,
      })
      expect([path, status, code, asked.length]).toEqual(
        counts ? [path, 200, undefined, 1] : [path, 403, 'csrf_rejected', 0],
      )
    }
  })

  test('a form of a foreign page is refused', async () => {
    for (const type of [
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain',
    ]) {
      for (const path of [...REFRESHES, '/logout', '/token']) {
        const headers = { ...cookie('r1'), origin: 'https://evil.example', 'content-type': type }
        expect(await post(path, { headers, payload: 'a=b' })).toMatchObject({
          status: 415,
          code: 'unsupported_media_type',
          asked: [],
        })
        const { status, asked } = await post(path, { headers })
        expect([status, asked]).toEqual([path === '/token' ? 400 : 403, []])
      }
    }
  })
})

test('the cookie is Secure behind a proxy with TLS, and otherwise as configured', async () => {
  const secure = async (headers: Record<string, string>, settings: Partial<HttpSettings>) =>
    String(
      (await post('/refresh', { headers: { ...cookie('r1'), ...proof, ...headers }, settings }))
        .headers['set-cookie'],
    ).includes('; Secure')
  expect(
    await secure(
      { host: 'localhost', 'x-forwarded-proto': 'https' },
      { trustedProxies: ['127.0.0.1'] },
    ),
  ).toBe(true)
  expect(await secure({ host: 'auth.example' }, {})).toBe(true)
  expect(await secure({ host: 'localhost:8000' }, {})).toBe(false)
  expect(
    await secure({ host: 'localhost:8000' }, { cookie: { secure: 'true', sameSite: 'lax' } }),
  ).toBe(true)
})

describe('the cookie of a known device', () => {
  const payload = { username: 'ann', password: 'secret' }
  const DEVICE =
    'known_device=id.mac; Max-Age=15552000; Path=/api/v1/auth/token; HttpOnly; SameSite=Lax'

  test.each<[string, Record<string, string>]>([
    ['an Origin', { origin: 'http://localhost' }],
    ['Sec-Fetch-Site', { 'sec-fetch-site': 'same-origin' }],
  ])(
    'is set for a browser, detected by %s, for the path of the sign-in only',
    async (_, headers) => {
      expect((await post('/token', { headers, payload })).headers['set-cookie']).toBe(DEVICE)
    },
  )

  test('is not set for other clients, and is read as the proof of the device', async () => {
    const { headers, asked } = await post('/token', {
      headers: { cookie: 'a=b; known_device=id.mac' },
      payload,
    })
    expect(headers['set-cookie']).toBeUndefined()
    expect(asked).toMatchObject([{ deviceProof: 'id.mac' }])
  })
})

test('while too many wait, a sign-in is refused before its body is read, except from a known device', async () => {
  const { app, calls } = openTestApp({ useCases: { isSignInShed: () => true } })
  const signIn = (headers: Record<string, string>) =>
    app.inject({
      method: 'POST',
      url: `${AUTH}/token`,
      headers,
      payload: { username: 'ann', password: 'secret' },
    })
  const { statusCode, headers } = await signIn({})
  expect([statusCode, Number(headers['retry-after']) > 0, calls]).toEqual([503, true, []])
  expect((await signIn({ cookie: 'known_device=id.mac' })).statusCode).toBe(200)
  await app.close()
})
