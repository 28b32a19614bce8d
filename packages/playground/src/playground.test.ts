import type { AccessTokenClaims, AnyEvent } from '@auto-refresh/contracts'
import Fastify from 'fastify'
import { afterEach, expect, test, vi } from 'vitest'
import { playground, type PlaygroundOptions } from './playground.ts'

const ANN = '0198c1a0-0000-7000-8000-00000000000a'
const SETTINGS = {
  signIn: null,
  metricsUrl: 'http://127.0.0.1:9101/metrics',
  accessTtlSeconds: 1800,
  dueThresholdSeconds: 300,
  refreshTtlSeconds: 604_800,
  graceSeconds: 60,
}
const apps: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close()
})

async function start({ isServedTo = () => true }: Partial<PlaygroundOptions> = {}) {
  const subscribed: Parameters<PlaygroundOptions['subscriber']['subscribe']>[0][] = []
  const close = vi.fn<() => Promise<void>>(async () => {})
  const subscriber: PlaygroundOptions['subscriber'] = {
    async subscribe(options) {
      subscribed.push(options)
      return { close }
    },
  }
  const checkAccessToken: PlaygroundOptions['checkAccessToken'] = async (token) =>
    token === undefined
      ? { outcome: 'missing' }
      : token === 'invalid'
        ? { outcome: 'invalid' }
        : { outcome: token as 'valid', claims: { sub: ANN } as AccessTokenClaims }
  const app = Fastify()
  await app.register(playground, {
    settings: SETTINGS,
    checkAccessToken,
    subscriber,
    topics: ['topic'],
    isServedTo,
  })
  apps.push(app)
  return {
    app,
    close,
    publish: async (event: AnyEvent) =>
      Promise.all(subscribed.map(({ handleBatch }) => handleBatch([event]))),
    subscribed,
  }
}

const imports = (script: string) =>
  [...script.matchAll(/(?:^|\s)(?:import|export)\s[^']*?from '([^']+)'/g)].map(
    ([, specifier = '']) => specifier,
  )

test('every script of the page is served as JavaScript', async () => {
  const { app } = await start()
  const seen = new Set(['/playground/main.ts'])
  for (const path of seen) {
    const answer = await app.inject(path)
    expect([path, answer.statusCode, answer.headers['content-type']]).toEqual([
      path,
      200,
      'text/javascript; charset=utf-8',
    ])
    expect([
      path,
      answer.body.match(/\bimport type\b|^(?:export )?type |: (?:string|number|void)\b/m),
    ]).toEqual([path, null])
    for (const specifier of imports(answer.body))
      seen.add(new URL(specifier, `http://x${path}`).pathname)
  }
  expect([...seen].filter((path) => path.startsWith('/playground/client/')).length).toBeGreaterThan(
    5,
  )
})

test('every file of the page is served, and it loads and runs nothing else', async () => {
  const { app } = await start()
  const page = await app.inject('/')
  expect(page.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
  })
  const policy = String(page.headers['content-security-policy']).split('; ')
  expect(policy).toEqual(
    expect.arrayContaining([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
    ]),
  )
  expect(page.body).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|https?:\/\//)
  const files = [...page.body.matchAll(/(?:src|href)="(\/playground\/[^"]+)"/g)].map(
    ([, path = '']) => path,
  )
  expect(files.length).toBeGreaterThan(3)
  for (const path of files) expect([path, (await app.inject(path)).statusCode]).toEqual([path, 200])
  expect((await app.inject('/playground/style.css')).body).not.toMatch(/url\(|@import/)
})

test.each([
  '/playground/',
  '/playground/main',
  '/playground/tsconfig.json',
  '/playground/../package.json',
  '/playground/%2e%2e/src/index.ts',
  '/playground/client/testing/x.ts',
  '/playground/__proto__',
  '/playground/constructor',
])('no other path is served: %s', async (url) => {
  const { app } = await start()
  expect((await app.inject(url)).body).toMatch(/There is nothing under this path|Not Found/)
})

test.each(['missing', 'invalid', 'expired', 'revoked'])(
  'the stream rejects an access token that is %s',
  async (outcome) => {
    const { app } = await start()
    const answer = await app.inject({
      url: '/playground/events',
      ...(outcome === 'missing' ? {} : { headers: { authorization: `Bearer ${outcome}` } }),
    })
    expect(answer.json()).toMatchObject({ code: `access_token_${outcome}` })
  },
)

test('events about the own sessions arrive on the open stream, and a stop ends it', async () => {
  const { app, publish, subscribed, close } = await start()
  const answer = await app.inject({
    url: '/playground/events',
    headers: { authorization: 'Bearer valid' },
    payloadAsStream: true,
  })
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/event-stream'])
  const received: string[] = []
  const whole = (async () => {
    for await (const chunk of answer.stream()) received.push(String(chunk))
  })()
  const data = {
    session_id: 's',
    session_seq: 1,
    user_id: ANN,
    client_id: 'c',
    generation: 7,
    network: 'n',
    agent: 'a',
    idle_until: '',
    interval_seconds: 1,
  }
  await publish({
    id: 'e1',
    type: 'session.rotated.v1',
    source: 't',
    time: '2026-11-23T12:00:00Z',
    subject: 's',
    key: 's',
    data,
  })
  await app.close()
  await whole
  expect(received.join('')).toContain(
    'event: session.rotated.v1\ndata: {"time":"2026-11-23T12:00:00Z","session_id":"s"',
  )
  expect(subscribed.map(({ topics }) => topics)).toEqual([['topic']])
  expect(close).toHaveBeenCalledOnce()
})

test('a request that may not see the page gets a 404 for every path', async () => {
  const { app } = await start({
    isServedTo: ({ headers }) => headers['x-forwarded-for'] === undefined,
  })
  for (const url of ['/', '/playground/main.ts', '/playground/settings', '/playground/events']) {
    const forwarded = await app.inject({ url, headers: { 'x-forwarded-for': '203.0.113.7' } })
    expect([url, forwarded.statusCode]).toEqual([url, 404])
  }
  expect((await app.inject('/')).statusCode).toBe(200)
})
