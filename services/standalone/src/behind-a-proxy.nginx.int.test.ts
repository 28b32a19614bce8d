import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openPlayground, signInWithKnownPassword } from './testing/sign-in-with-known-password.ts'
import { startNginx } from './testing/start-nginx.ts'
import { startWithDatabase } from './testing/start-with-database.ts'

let running: Awaited<ReturnType<typeof startWithDatabase>>

beforeAll(async () => {
  running = await startWithDatabase()
})
afterAll(() => running.remove())

test('behind a one-line nginx the known password and the playground are refused', async () => {
  const nginx = await startNginx(`proxy_pass ${running.url}; proxy_http_version 1.0;`)
  onTestFinished(() => nginx.stop())
  expect((await signInWithKnownPassword(nginx.url, { host: 'auth.example.com' })).status).toBe(401)
  expect(await openPlayground(nginx.url, { host: 'auth.example.com' })).toBe(404)
  await expect.poll(running.output).toContain('Known demo password rejected')
})

test('behind an HTTP/1.1 nginx without headers a browser is refused the known password by its origin', async () => {
  const nginx = await startNginx(
    `proxy_pass ${running.url}; proxy_http_version 1.1; proxy_set_header Connection "";`,
  )
  onTestFinished(() => nginx.stop())
  const headers = { host: 'auth.example.com', origin: 'https://auth.example.com' }
  expect((await signInWithKnownPassword(nginx.url, headers)).status).toBe(403)
  // Such a proxy cannot be detected otherwise, so the banner and the docs ask for your own
  // password behind every proxy.
  expect((await signInWithKnownPassword(nginx.url, { host: 'auth.example.com' })).status).toBe(200)
})

test('with its own password the demo user is safe behind every proxy', async () => {
  const product = await startWithDatabase({ DEMO_USER_PASSWORD: 'violet anchor 17' })
  const nginx = await startNginx(
    `proxy_pass ${product.url}; proxy_http_version 1.1; proxy_set_header Connection "";`,
  )
  onTestFinished(async () => {
    await nginx.stop()
    await product.remove()
  })
  expect((await signInWithKnownPassword(nginx.url, { host: 'auth.example.com' })).status).toBe(401)
})

describe('behind auth_request of nginx, whose response no client reads', () => {
  // without a grace window the second use of a refresh token is a reuse
  const settings = {
    ACCESS_TOKEN_EXPIRE_MINUTES: '1',
    AUTO_REFRESH_THRESHOLD: '59.9',
    REFRESH_GRACE_SECONDS: '0',
  }
  type Pair = { access_token: string; refresh_token: string }

  test.each<[string, (pair: Pair) => Record<string, string>]>([
    ['header', (pair) => ({ 'x-refresh-token': pair.refresh_token })],
    ['cookie', (pair) => ({ cookie: `refresh_token=${pair.refresh_token}` })],
  ])(
    'a due pair is not refreshed, and its session continues: refresh token by %s',
    async (_, by) => {
      const product = await startWithDatabase(settings)
      const nginx = await startNginx(`
      auth_request /_auth; rewrite ^ /.well-known/jwks.json break; proxy_pass ${product.url};
      location = /_auth {
        internal; auth_request off; proxy_pass ${product.url}/api/v1/auth/me; proxy_pass_request_body off;
        proxy_set_header Content-Length ""; proxy_set_header X-Original-URI $request_uri;
      }`)
      onTestFinished(async () => {
        await nginx.stop()
        await product.remove()
      })
      const post = async (path: string, body: object) => {
        const headers = { 'content-type': 'application/json' }
        const answer = await fetch(`${product.url}/api/v1/auth/${path}`, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
        })
        return { status: answer.status, pair: ((await answer.json()) as { data: Pair }).data }
      }
      const proofOf = (pair: Pair) => ({
        authorization: `Bearer ${pair.access_token}`,
        ...by(pair),
      })
      const isDue = async ({ access_token: token }: Pair) => {
        const answer = await fetch(`${product.url}/api/v1/auth/token-status`, {
          headers: { authorization: `Bearer ${token}` },
        })
        return (await answer.text()).includes('"needs_refresh":true')
      }

      const { pair } = await post('token', { username: 'admin', password: 'password' })
      await expect.poll(() => isDue(pair), { timeout: 20_000 }).toBe(true)
      for (const path of ['/page', '/page?again=1']) {
        const answer = await fetch(`${nginx.url}${path}`, { headers: proofOf(pair) })
        expect([answer.status, await answer.text()]).toEqual([
          200,
          expect.stringContaining('"keys"'),
        ])
      }
      expect((await fetch(`${nginx.url}/page`)).status).toBe(401)

      const next = await post('refresh', { refresh_token: pair.refresh_token })
      expect(next.status).toBe(200)
      // The client itself can refresh the same pair.
      await expect.poll(() => isDue(next.pair), { timeout: 20_000 }).toBe(true)
      const direct = await fetch(`${product.url}/api/v1/auth/me`, { headers: proofOf(next.pair) })
      expect([direct.status, direct.headers.get('x-token-refreshed')]).toEqual([200, 'true'])
    },
  )
})
