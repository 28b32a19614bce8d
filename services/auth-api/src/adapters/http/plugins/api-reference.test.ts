import { Validator } from '@seriousme/openapi-schema-validator'
import { PRODUCT_VERSION } from '@auto-refresh/service-kit/config'
import type { InjectOptions } from 'fastify'
import { Compile } from 'typebox/compile'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { openTestApp, PAIR, reuseTestApp } from '../../../testing/open-test-app.ts'
import type { UseCases } from '../http-deps.ts'

const AUTH = '/api/v1/auth'
/** Its routes are alike; admin-routes.test.ts checks them. */
const ADMIN = '/api/v1/admin'
const isOther = (path: string) => !path.startsWith(ADMIN)
const REFRESH: InjectOptions = {
  method: 'POST',
  url: `${AUTH}/refresh`,
  payload: { refresh_token: 'r1' },
}

type Documented = { description: string; headers: Record<string, object>; content?: object }
type Body = { required: boolean; content: Record<string, { schema: object; example?: unknown }> }
type Operation = {
  operationId: string
  summary: string
  tags: string[]
  responses: Record<string, Documented>
  parameters?: { in: string; name: string }[]
  security?: object[]
  requestBody?: Body
}

async function readReference() {
  const { paths } = (await reuseTestApp().app.inject('/openapi.json')).json()
  return Object.entries<Record<string, Operation>>(paths)
    .filter(([path]) => isOther(path))
    .flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({
        path: path.replace(`${AUTH}/`, ''),
        ...operation,
      })),
    )
}

test('the API reference has every route and loads nothing from other hosts', async () => {
  const { app } = reuseTestApp()
  const { paths } = (await app.inject('/openapi.json')).json()
  expect(Object.keys(paths).filter(isOther).toSorted()).toEqual([
    '/.well-known/jwks.json',
    '/.well-known/oauth-authorization-server',
    ...[
      'auto-refresh',
      'logout',
      'logout-all',
      'me',
      'notices',
      'notices/{id}',
      'password',
      'password-reset',
      'refresh',
      'renewals',
      'renewals/peek',
      'revocations',
      'sessions',
      'sessions/{id}',
      'token',
      'token-status',
      'verify',
    ].map((path) => `${AUTH}/${path}`),
    ...['introspect', 'revoke', 'token'].map((path) => `/oauth2/${path}`),
  ])
  const page = await app.inject('/docs')
  expect(page.headers['content-type']).toContain('text/html')
  for (const [, source] of page.body.matchAll(/(?:src|href)="([^"]+)"/g)) {
    const file = await app.inject(source ?? '')
    expect([source, file.statusCode, file.headers['content-security-policy']]).toEqual([
      expect.stringMatching(/^\/docs\//),
      200,
      expect.stringContaining("script-src 'self';"),
    ])
  }
  expect(page.body).not.toMatch(/<script(?![^>]* src=)/)
})

test('the API reference is a valid OpenAPI 3.1 document', async () => {
  const document = (await reuseTestApp().app.inject('/openapi.json')).json()
  expect(await new Validator().validate(document)).toEqual({ valid: true })
  expect(document.openapi).toBe('3.1.0')
  expect(document.info.version).toBe(PRODUCT_VERSION)
})

test('every operation has a name, a summary and a described tag', async () => {
  const { tags } = (await reuseTestApp().app.inject('/openapi.json')).json() as {
    tags: { name: string; description: string }[]
  }
  const reference = await readReference()
  const names = reference.map(({ operationId }) => operationId)
  expect(names.filter((name) => !/^[a-z]+([A-Z][a-z0-9]*)*$/.test(name))).toEqual([])
  expect(new Set(names).size).toBe(names.length)
  for (const {
    operationId,
    summary,
    tags: [tag],
  } of reference)
    expect([operationId, summary, tags.map(({ name }) => name)]).toEqual([
      operationId,
      expect.stringMatching(/^[A-Z].{5,}[^.]$/),
      expect.arrayContaining([tag]),
    ])
  expect(tags.filter(({ description }) => description.length < 10)).toEqual([])
})

test('every body has an example that its schema accepts', async () => {
  for (const { operationId, requestBody, responses: answers } of await readReference()) {
    const bodies = [
      requestBody?.content,
      ...Object.values(answers).map((answer) => answer.content as Body['content'] | undefined),
    ].flatMap((content) => Object.values(content ?? {}))
    for (const { schema, example } of bodies)
      if (example !== undefined)
        expect([operationId, Compile(schema).Check(example), example]).toEqual([
          operationId,
          true,
          example,
        ])
    expect([operationId, Object.values(requestBody?.content ?? {})]).toEqual([
      operationId,
      Object.keys(requestBody?.content ?? {}).map(() =>
        expect.objectContaining({ example: expect.anything() }),
      ),
    ])
  }
})

const OAUTH_FORMS = ['/oauth2/token', '/oauth2/revoke', '/oauth2/introspect']
const BEHIND_MIDDLEWARE = ['me', 'sessions', 'sessions/{id}', 'notices', 'notices/{id}', 'password']

test('the API reference has the request headers of each route', async () => {
  const byHeader = 'refreshTokenHeader'
  const headers = (await readReference()).map(({ path, parameters = [], security = [] }) => [
    path,
    [
      ...new Set(security.flatMap(Object.keys).filter((name) => name === byHeader)),
      ...parameters.filter((one) => one.in === 'header').map(({ name }) => name),
    ],
  ])
  const proof = 'x-auto-refresh'
  expect(Object.fromEntries(headers)).toEqual({
    '/.well-known/jwks.json': [],
    '/.well-known/oauth-authorization-server': [],
    '/oauth2/token': ['idempotency-key'],
    '/oauth2/revoke': [],
    '/oauth2/introspect': [],
    token: [proof],
    'password-reset': [],
    'token-status': [],
    verify: [],
    refresh: [byHeader, proof, 'idempotency-key'],
    'auto-refresh': [byHeader, proof, 'idempotency-key'],
    renewals: ['idempotency-key'],
    'renewals/peek': ['idempotency-key'],
    revocations: ['if-none-match'],
    logout: [byHeader, proof],
    'logout-all': [byHeader, proof],
    ...Object.fromEntries(BEHIND_MIDDLEWARE.map((path) => [path, ['x-refresh-token']])),
  })
})

test('the API reference marks a body as required only where it is', async () => {
  const bodies = (await readReference()).flatMap(({ path, requestBody }) =>
    requestBody === undefined ? [] : [[path, requestBody.required]],
  )
  expect(Object.fromEntries(bodies)).toEqual({
    // A form without parameters is a coded refusal.
    ...Object.fromEntries(OAUTH_FORMS.map((path) => [path, false])),
    token: true,
    sessions: true,
    password: true,
    'password-reset': true,
    renewals: true,
    'renewals/peek': true,
    refresh: false,
    'auto-refresh': false,
    logout: false,
    'logout-all': false,
  })
})

test('the API reference allows an access token together with the refresh token', async () => {
  const security = Object.fromEntries(
    (await readReference()).map((operation) => [operation.path, operation.security]),
  )
  const refreshToken = [{}, { refreshTokenHeader: [] }, { refreshTokenCookie: [] }]
  const both = [
    ...refreshToken,
    { accessToken: [] },
    { accessToken: [], refreshTokenHeader: [] },
    { accessToken: [], refreshTokenCookie: [] },
  ]
  expect(security).toMatchObject({
    refresh: refreshToken,
    'auto-refresh': both,
    logout: both,
    'logout-all': both,
  })
})

test('the API reference describes every response', async () => {
  const reference = await readReference()
  const known = ['200', '401', '429', '503', '4XX']
  const open = ['200', '503', '4XX']
  const byKey = ['200', '401', '503', '4XX']
  expect(
    Object.fromEntries(reference.map(({ path, responses }) => [path, Object.keys(responses)])),
  ).toEqual({
    '/.well-known/jwks.json': open,
    '/.well-known/oauth-authorization-server': open,
    ...Object.fromEntries(OAUTH_FORMS.map((path) => [path, known])),
    'token-status': byKey,
    renewals: byKey,
    'renewals/peek': byKey,
    revocations: ['200', '304', '401', '503', '4XX'],
    ...Object.fromEntries(
      [
        'token',
        'refresh',
        'auto-refresh',
        'logout',
        'logout-all',
        'password-reset',
        'verify',
        ...BEHIND_MIDDLEWARE,
      ].map((path) => [path, known]),
    ),
  })
  const answers = reference.flatMap(({ responses }) => Object.values(responses))
  expect(answers.filter(({ description }) => description === 'Default Response')).toEqual([])
  expect(reference.find(({ path }) => path === 'revocations')?.responses['304']).not.toHaveProperty(
    'content',
  )
})

test('the API reference has our response headers', async () => {
  const reference = await readReference()
  const everywhere = ['cache-control', 'x-request-id']
  const pair = [...everywhere, 'set-cookie']
  const renewed = [
    ...everywhere,
    'x-token-refreshed',
    'x-new-access-token',
    'x-new-refresh-token',
    'set-cookie',
  ]
  const verified = [
    ...everywhere,
    'x-auth-user',
    'x-auth-username',
    'x-auth-role',
    'x-auth-session',
    'x-token-refreshed',
    'x-new-access-token',
    'set-cookie',
    ...[1, 2, 3, 4].map((number) => `x-auth-set-cookie-${number}`),
  ]
  const headersOf = (status: string) =>
    Object.fromEntries(
      reference.flatMap(({ path, responses: { [status]: answer } }) =>
        answer === undefined ? [] : [[path, Object.keys(answer.headers)]],
      ),
    )
  expect(headersOf('200')).toEqual({
    '/.well-known/jwks.json': everywhere,
    '/.well-known/oauth-authorization-server': everywhere,
    ...Object.fromEntries(OAUTH_FORMS.map((path) => [path, everywhere])),
    'token-status': everywhere,
    renewals: everywhere,
    'renewals/peek': everywhere,
    revocations: [...everywhere, 'etag', 'age', 'x-clock-ms'],
    token: pair,
    'password-reset': everywhere,
    refresh: pair,
    'auto-refresh': pair,
    logout: pair,
    'logout-all': pair,
    verify: verified,
    ...Object.fromEntries(BEHIND_MIDDLEWARE.map((path) => [path, renewed])),
  })
  expect(headersOf('304')).toEqual({ revocations: [...everywhere, 'etag', 'age', 'x-clock-ms'] })
  for (const [status, header] of [
    ['401', 'www-authenticate'],
    ['429', 'retry-after'],
    ['503', 'retry-after'],
  ] as const) {
    expect([...new Set(Object.values(headersOf(status)).map(String))]).toEqual([
      [...everywhere, header].join(),
    ])
  }
})

test.each<[string, Partial<UseCases>, InjectOptions]>([
  [
    'me',
    {},
    { url: `${AUTH}/me`, headers: { authorization: 'Bearer due', 'x-refresh-token': 'r1' } },
  ],
  [
    'me',
    {},
    { url: `${AUTH}/me`, headers: { authorization: 'Bearer due', cookie: 'refresh_token=r1' } },
  ],
  ['me', {}, { url: `${AUTH}/me` }],
  [
    'token',
    {},
    {
      method: 'POST',
      url: `${AUTH}/token`,
      payload: { username: 'ann', password: 'secret words', transport: 'cookie' },
      headers: { 'x-auto-refresh': '1' },
    },
  ],
  [
    'logout',
    {},
    {
      method: 'POST',
      url: `${AUTH}/logout`,
      headers: { cookie: 'refresh_token=r1', 'x-auto-refresh': '1' },
    },
  ],
  [
    'refresh',
    { refresh: async () => ({ outcome: 'rate_limited', retryAfterSeconds: 7 }) },
    REFRESH,
  ],
  [
    'refresh',
    { refresh: async () => ({ outcome: 'unavailable', because: 'unknown_kid' }) },
    REFRESH,
  ],
  ['verify', {}, { url: `${AUTH}/verify`, headers: { authorization: 'Bearer live' } }],
  [
    'verify',
    {
      refreshForProxy: async () => ({ outcome: 'rotated', pair: { ...PAIR, accessToken: 'live' } }),
    },
    {
      url: `${AUTH}/verify?refresh=cookie`,
      headers: {
        cookie: 'refresh_token=r1',
        'x-auto-refresh': '1',
        'sec-repeat-cookies': '1',
      },
    },
  ],
  ['revocations', {}, { url: `${AUTH}/revocations`, headers: { authorization: 'Bearer k' } }],
  [
    'revocations',
    {},
    {
      url: `${AUTH}/revocations`,
      headers: { authorization: 'Bearer k', 'if-none-match': 'W/"tag-1"' },
    },
  ],
  ['/.well-known/jwks.json', {}, { url: '/.well-known/jwks.json' }],
])(
  'all our headers in a response of %s are in the API reference (%#)',
  async (path, useCases, request) => {
    const { app } = openTestApp({
      useCases,
      settings: { apiKeys: [{ name: 'k', scopes: ['revocations:read'], secret: 'k' }] },
    })
    const { statusCode, headers } = await app.inject(request)
    const documented =
      (await readReference()).find((operation) => operation.path === path)?.responses[statusCode]
        ?.headers ?? {}
    const ours =
      /^(?:x-(?:request-id|token-refreshed|new-.*|auth-.*)|set-cookie|retry-after|www-authenticate|cache-control|etag|age)$/
    expect(Object.keys(documented)).toEqual(
      expect.arrayContaining(Object.keys(headers).filter((name) => ours.test(name))),
    )
    const constants = Object.entries(
      documented as Record<string, { schema: { const?: string } }>,
    ).flatMap(([name, { schema }]) => (schema.const === undefined ? [] : [[name, schema.const]]))
    expect(
      constants.filter(
        ([name, value]) => name !== undefined && name in headers && headers[name] !== value,
      ),
    ).toEqual([])
  },
)

test('the API reference is written once, and a matching ETag gets a 304', async () => {
  const { app } = reuseTestApp()
  const [first, second, ui] = [
    await app.inject('/openapi.json'),
    await app.inject('/openapi.json'),
    await app.inject('/docs/json'),
  ]
  expect(first.headers).toMatchObject({
    etag: expect.stringMatching(/^"[\w-]{22}"$/),
    'cache-control': 'no-cache',
  })
  expect([
    second.rawPayload.equals(first.rawPayload),
    ui.rawPayload.equals(first.rawPayload),
  ]).toEqual([true, true])
  for (const url of ['/openapi.json', '/docs/json']) {
    const known = await app.inject({
      url,
      headers: { 'if-none-match': String(first.headers.etag) },
    })
    expect([url, known.statusCode, known.body]).toEqual([url, 304, ''])
  }
})

test('the API reference as YAML equals the JSON and is written once', async () => {
  const { app } = reuseTestApp()
  const [yaml, again] = [await app.inject('/docs/yaml'), await app.inject('/docs/yaml')]
  expect(yaml.headers).toMatchObject({
    'content-type': 'application/yaml; charset=utf-8',
    etag: expect.stringMatching(/^"[\w-]{22}"$/),
  })
  expect(() => JSON.parse(yaml.body) as unknown).toThrow(SyntaxError)
  expect(parse(yaml.body)).toEqual((await app.inject('/openapi.json')).json())
  expect(again.rawPayload.equals(yaml.rawPayload)).toBe(true)
  const known = await app.inject({
    url: '/docs/yaml',
    headers: { 'if-none-match': String(yaml.headers.etag) },
  })
  expect([known.statusCode, known.body]).toEqual([304, ''])
})
