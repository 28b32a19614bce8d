import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDatabase, findFreePort } from '@auto-refresh/test-engines'
import { decodeJwt, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, login, me } from './harness/api.ts'
import {
  CLIENT_ID,
  startIdentityProvider,
  type IdentityProvider,
} from './harness/start-identity-provider.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'

/**
 * One process, two identity providers with an account of the same id, and a third one that is down.
 * The clients are libraries that know nothing of us.
 */
let system: Standalone
let idp: IdentityProvider
let other: IdentityProvider
let down: string
let database: Awaited<ReturnType<typeof createTestDatabase>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let sql: Client

const KEY = { name: 'gateway', secret: 'Zq3vT7mK1xW9cR5bN8dF2hJ6pL4sG0yA' }
const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token'

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await temporaryFolder()
  sql = new Client({ connectionString: database.url })
  await sql.connect()
  idp = await startIdentityProvider({
    7: { preferred_username: 'admin', groups: ['staff'] },
    8: { groups: ['boss'] },
  })
  other = await startIdentityProvider({ 7: { preferred_username: 'Ayu' } })
  down = `http://127.0.0.1:${await findFreePort()}`
  const path = join(folder.path, 'issuers.json')
  const roles = { role_claim: 'groups', roles: { boss: 'admin', staff: 'editor' } }
  await writeFile(
    path,
    JSON.stringify([
      { issuer: idp.issuer, audience: CLIENT_ID, ...roles },
      { issuer: other.issuer, audience: [CLIENT_ID, 'phone'] },
      { issuer: down, audience: CLIENT_ID },
    ]),
  )
  const ports = { port: await findFreePort(), adminPort: await findFreePort() }
  const options = {
    dataDir: join(folder.path, 'data'),
    databaseUrl: database.url,
    ports,
    env: {
      ISSUER: `http://127.0.0.1:${ports.port}`,
      TRUSTED_ISSUERS: path,
      API_KEYS: `${KEY.name}=tokens:introspect:${KEY.secret}`,
      REFRESH_GRACE_SECONDS: '1',
    },
  }
  system = await (await startStandalone(options)).ready()
})
afterAll(async () => {
  await Promise.all([system.stop(), idp.stop(), other.stop()])
  await sql.end()
  await folder.remove()
  await database.drop()
})

const configure = (auth = client.None(), id = CLIENT_ID) =>
  client.discovery(new URL(system.url), id, undefined, auth, {
    algorithm: 'oauth2',
    execute: [client.allowInsecureRequests],
  })
const exchange = async (subject_token: string, subject_token_type = ID_TOKEN) =>
  client.genericGrantRequest(await configure(), GRANT, { subject_token, subject_token_type })
/** The error that the library reports. */
const refusal = (asked: Promise<unknown>) =>
  asked.then(
    () => 'none',
    (error: client.ResponseBodyError) => `${error.status} ${error.error}`,
  )

describe('openid-client', () => {
  test('refreshes, introspects and revokes, from discovery alone', async () => {
    const first = await login(system.url)
    const config = await configure()
    const gateway = await configure(client.ClientSecretBasic(KEY.secret), KEY.name)
    const hint = { token_type_hint: 'refresh_token' }

    const second = await client.refreshTokenGrant(config, first.refresh)
    expect(second.expiresIn()).toBeGreaterThan(1700)
    const { sub, sid } = decodeJwt(second.access_token)
    const claims = {
      active: true,
      token_type: 'Bearer',
      username: 'admin',
      role: 'admin',
      sub,
      sid,
    }
    expect(await client.tokenIntrospection(gateway, second.access_token)).toMatchObject(claims)
    const refreshToken = second.refresh_token ?? ''
    expect(await client.tokenIntrospection(gateway, refreshToken, hint)).toMatchObject({
      active: true,
      sid,
    })
    // A gateway asks about access tokens only.
    const only = { token_type_hint: 'access_token' }
    expect(await client.tokenIntrospection(gateway, refreshToken, only)).toEqual({ active: false })

    await client.tokenRevocation(config, refreshToken)
    for (const token of [second.access_token, refreshToken, first.refresh])
      expect(await client.tokenIntrospection(gateway, token, hint)).toEqual({ active: false })
    expect(await refusal(client.refreshTokenGrant(config, refreshToken))).toBe('400 invalid_grant')
    // A second revocation, and one of a text that is no token.
    await client.tokenRevocation(config, refreshToken)
    await client.tokenRevocation(config, 'unknown')
  })

  test('concurrent refreshes of one token all receive the same successor', async () => {
    const { refresh } = await login(system.url)
    const config = await configure()
    const tokens = await Promise.all(
      Array.from({ length: 10 }, () => client.refreshTokenGrant(config, refresh)),
    )
    expect(new Set(tokens.map((each) => each.refresh_token)).size).toBe(1)
  })

  test('introspection of a superseded token is no theft; a refresh with it is one', async () => {
    const { refresh } = await login(system.url)
    const config = await configure()
    const gateway = await configure(client.ClientSecretBasic(KEY.secret), KEY.name)
    const hint = { token_type_hint: 'refresh_token' }
    const second = (await client.refreshTokenGrant(config, refresh)).refresh_token ?? ''
    const third = (await client.refreshTokenGrant(config, second)).refresh_token ?? ''
    const alarms = await system.alarms()
    await expect
      .poll(() => client.tokenIntrospection(gateway, refresh, hint), { timeout: 10_000 })
      .toEqual({ active: false })
    expect(await client.tokenIntrospection(gateway, third, hint)).toMatchObject({ active: true })
    expect(await system.alarms()).toBe(alarms)

    expect(await refusal(client.refreshTokenGrant(config, refresh))).toBe('400 invalid_grant')
    expect(await system.alarms()).toBe(alarms + 1)
    expect(await client.tokenIntrospection(gateway, third, hint)).toEqual({ active: false })
  })
})

test('oauth4webapi refreshes, introspects and revokes, from discovery alone', async () => {
  const insecure = { [oauth.allowInsecureRequests]: true }
  const issuer = new URL(system.url)
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { ...insecure, algorithm: 'oauth2' }),
  )
  const app = { client_id: CLIENT_ID }
  const byKey: oauth.ClientAuth = (_, __, ___, headers) =>
    headers.set('authorization', `Bearer ${KEY.secret}`)
  const { refresh } = await login(system.url)
  const pairs = await Promise.all(
    Array.from({ length: 5 }, async () =>
      oauth.processRefreshTokenResponse(
        server,
        app,
        await oauth.refreshTokenGrantRequest(server, app, oauth.None(), refresh, insecure),
      ),
    ),
  )
  expect(new Set(pairs.map((pair) => pair.refresh_token)).size).toBe(1)
  const token = pairs[0]?.access_token ?? ''
  const introspect = async () =>
    oauth.processIntrospectionResponse(
      server,
      app,
      await oauth.introspectionRequest(server, app, byKey, token, insecure),
    )
  expect(await introspect()).toMatchObject({ active: true, sub: decodeJwt(token).sub })
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, app, oauth.None(), token, insecure),
  )
  expect(await introspect()).toEqual({ active: false })
})

describe('an ID token of a code flow', () => {
  test('is exchanged for a pair of a user of its own, which works everywhere', async () => {
    const pair = await exchange(await idp.signIn('7'))
    const claims = decodeJwt(pair.access_token)
    expect(claims).toMatchObject({ username: 'admin', role: 'editor', iss: system.url })
    // The local user of that name is another one.
    const local = await login(system.url)
    expect(claims.sub).not.toBe(decodeJwt(local.access).sub)
    expect((await me(system.url, pair.access_token)).data).toMatchObject({ user_id: claims.sub })
    const next = await client.refreshTokenGrant(await configure(), pair.refresh_token ?? '')
    expect(decodeJwt(next.access_token)).toMatchObject({ sub: claims.sub, role: 'editor' })
    const { rows } = await sql.query<{ external_id: string }>(
      'select external_id from auth_api.users where id = $1',
      [claims.sub],
    )
    expect(rows).toEqual([{ external_id: `${idp.issuer}#7` }])
  })

  test('of two issuers with the same subject opens sessions of two users', async () => {
    const [a, b, again] = [
      decodeJwt((await exchange(await idp.signIn('7'))).access_token),
      decodeJwt((await exchange(await other.signIn('7'))).access_token),
      decodeJwt((await exchange(await idp.signIn('7'))).access_token),
    ]
    expect(a.sub).not.toBe(b.sub)
    expect(b).toMatchObject({ username: 'Ayu', role: 'user' })
    expect(again.sub).toBe(a.sub)
    const boss = await exchange(await idp.signIn('8'))
    expect(decodeJwt(boss.access_token)).toMatchObject({ role: 'admin' })
  })

  test('is used once, also by ten requests at a time', async () => {
    const token = await idp.signIn('7')
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => refusal(exchange(token))))
    expect(outcomes.filter((each) => each === 'none')).toHaveLength(1)
    // A request that found the token in use repeats it, and finds that it was used.
    expect(outcomes.filter((each) => /^none$|^429 temp|^400 invalid_request$/.test(each))).toEqual(
      outcomes,
    )
    expect(await refusal(exchange(token))).toBe('400 invalid_request')
  })
})

describe('is refused', () => {
  const claims = (more: object = {}) => {
    const now = Math.floor(Date.now() / 1000)
    return { iss: idp.issuer, sub: '7', aud: CLIENT_ID, iat: now, exp: now + 600, ...more }
  }

  test('as the ID token of another client, an expired, old or changed one', async () => {
    const now = Math.floor(Date.now() / 1000)
    const genuine = await idp.signIn('7')
    const [header = '', body = '', signature = ''] = genuine.split('.')
    const changed = Buffer.from(JSON.stringify({ ...decodeJwt(genuine), sub: '8' })).toString(
      'base64url',
    )
    for (const token of [
      await idp.sign(claims({ aud: 'another' })),
      await idp.sign(claims({ exp: now - 60 })),
      await idp.sign(claims({ iat: now - 700 })),
      await other.sign(claims()),
      `${header}.${changed}.${signature}`,
      `${header}.${body}.`,
      body,
    ])
      expect(await refusal(exchange(token))).toBe('400 invalid_request')
    // None of these used the genuine one up.
    expect(await refusal(exchange(genuine))).toBe('none')
  })

  test('with alg none, with HS256, or of an issuer that is not trusted', async () => {
    const keys = (await (await fetch(`${idp.issuer}/jwks`)).json()) as { keys: object[] }
    const hmac = (key: string) =>
      new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: 'idp' }).sign(Buffer.from(key))
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const foreign = (iss: string) =>
      new SignJWT(claims({ iss })).setProtectedHeader({ alg: 'ES256', kid: 'idp' }).sign(privateKey)
    for (const token of [
      new UnsecuredJWT(claims()).encode(),
      await hmac(JSON.stringify(keys.keys[0])),
      await hmac(JSON.stringify(await exportJWK(publicKey))),
      await foreign(idp.issuer),
      await foreign('https://evil.example'),
      (await login(system.url)).access,
    ])
      expect(await refusal(exchange(token))).toBe('400 invalid_request')
  })

  test('for now, while its issuer is down: 503 temporarily_unavailable', async () => {
    // Without the library, which reads no error of a 5xx.
    const body = new URLSearchParams({
      grant_type: GRANT,
      subject_token: await idp.sign(claims({ iss: down })),
      subject_token_type: ID_TOKEN,
    })
    const answer = await fetch(`${system.url}/oauth2/token`, { method: 'POST', body })
    expect([answer.status, await answer.json()]).toEqual([
      503,
      expect.objectContaining({ error: 'temporarily_unavailable' }),
    ])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('with 429 after many refusals from one address, but a good one never is', async () => {
    const good = await idp.signIn('7')
    const outcomes = new Set<string>()
    for (let n = 0; n < 70; n += 1) outcomes.add(await refusal(exchange('a.b.c')))
    expect(outcomes).toEqual(new Set(['400 invalid_request', '429 temporarily_unavailable']))
    expect(await refusal(exchange(good))).toBe('none')
  })
})

test('no secret and no token is in the log', async () => {
  const { refresh } = await login(system.url)
  await call(system.url, 'GET', '/oauth2/token')
  for (const secret of [KEY.secret, refresh, 'eyJ']) expect(system.output()).not.toContain(secret)
})
