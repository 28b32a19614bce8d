import { createHmac } from 'node:crypto'
import type { AccessTokenClaims } from '@auto-refresh/contracts'
import { CompactSign, exportSPKI, generateKeyPair, type CompactJWSHeaderParameters } from 'jose'
import { describe, expect, test } from 'vitest'
import { createAccessTokenVerifier } from './create-access-token-verifier.ts'

const NOW_SECONDS = 1_800_000_000
const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
const stranger = await generateKeyPair('ES256')
const askedKids: string[] = []
const verify = createAccessTokenVerifier({
  findKey: (kid) => {
    askedKids.push(kid)
    return kid === 'key-1' ? publicKey : undefined
  },
  issuer: 'https://auth.example',
  audience: 'auto-refresh',
  clock: { nowMs: () => NOW_SECONDS * 1000 },
})

const claims: AccessTokenClaims = {
  iss: 'https://auth.example',
  sub: '0198c1a0-0000-7000-8000-000000000001',
  aud: 'auto-refresh',
  exp: NOW_SECONDS + 1800,
  iat: NOW_SECONDS,
  jti: 'token-1',
  client_id: 'first-party',
  sid: '0198c1a0-0000-7000-8000-000000000002',
  username: 'admin',
  role: 'admin',
  auth_time: NOW_SECONDS - 60,
  session_exp: NOW_SECONDS + 86_400,
}
const header: CompactJWSHeaderParameters = { alg: 'ES256', typ: 'at+jwt', kid: 'key-1' }

const signText = (payload: string, with_: object = {}, key = privateKey) =>
  new CompactSign(new TextEncoder().encode(payload))
    .setProtectedHeader({ ...header, ...with_ })
    .sign(key, { crit: { x: true, b64: true } })
const sign = (change: object = {}, with_: object = {}) =>
  signText(JSON.stringify({ ...claims, ...change }), with_)
const base64url = (value: string | Buffer) =>
  (typeof value === 'string' ? Buffer.from(value) : value).toString('base64url')
const without = (name: string) =>
  Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name))
const good = await sign()
const [goodHeader = '', goodPayload = '', goodSignature = ''] = good.split('.')

test('an authentic token is valid and returns its claims', async () => {
  expect(await verify(good)).toEqual({ outcome: 'valid', claims })
})

test('expiry is exact to the millisecond, and an expired token is still authentic', async () => {
  expect((await verify(await sign({ iat: NOW_SECONDS - 10, exp: NOW_SECONDS + 1 }))).outcome).toBe(
    'valid',
  )
  expect((await verify(await sign({ iat: NOW_SECONDS - 10, exp: NOW_SECONDS }))).outcome).toBe(
    'expired',
  )
})

test('a clock up to ten seconds ahead is tolerated; a token from further in the future is an internal error, never an invalid token', async () => {
  expect((await verify(await sign({ iat: NOW_SECONDS + 10 }))).outcome).toBe('valid')
  for (const ahead of [11, 60]) {
    await expect(verify(await sign({ iat: NOW_SECONDS + ahead }))).rejects.toMatchObject({
      code: 'unavailable',
      retryAfterSeconds: expect.any(Number) as unknown,
    })
  }
})

const unsigned = (alg: string) => `${base64url(JSON.stringify({ ...header, alg }))}.${goodPayload}.`
const hmac = async (secret: string) => {
  const input = `${base64url(JSON.stringify({ ...header, alg: 'HS256' }))}.${goodPayload}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}
const other = async (alg: string) => {
  const pair = await generateKeyPair(alg)
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ ...header, alg })
    .sign(pair.privateKey)
}
const spareBits = (part: string) =>
  part.slice(0, -1) +
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.replace(
    part.at(-1) ?? '',
    '',
  )[0]
const der = (signature: Buffer) => {
  const head = Buffer.from([2, 33, 0])
  const body = Buffer.concat([head, signature.subarray(0, 32), head, signature.subarray(32)])
  return Buffer.concat([Buffer.from([0x30, body.length]), body]).toString('base64url')
}

describe('a hostile token is invalid', () => {
  test.each<[string, () => string | Promise<string>]>([
    ['alg none', () => unsigned('none')],
    ['alg nOnE', () => unsigned('nOnE')],
    ['no signature', () => `${goodHeader}.${goodPayload}.`],
    ['HS256 with the public key as secret', async () => hmac(await exportSPKI(publicKey))],
    [
      'HS256 with the public key and a leading blank',
      async () => hmac(` ${await exportSPKI(publicKey)}`),
    ],
    ['RS256', () => other('RS256')],
    ['PS256', () => other('PS256')],
    ['ES384', () => other('ES384')],
    ['EdDSA', () => other('EdDSA')],
    [
      'a foreign key under a known kid',
      () => signText(JSON.stringify(claims), {}, stranger.privateKey),
    ],
    ['kid that is a path', () => sign({}, { kid: '../../../dev/null' })],
    ['kid that is SQL', () => sign({}, { kid: "' or 1=1 --" })],
    ['kid that is an object key', () => sign({}, { kid: '__proto__' })],
    ['kid of another issuer', () => sign({}, { kid: 'key-2' })],
    ['kid of 65 characters', () => sign({}, { kid: 'k'.repeat(65) })],
    ['kid that is a list', () => sign({}, { kid: ['key-1'] })],
    ['no kid', () => sign({}, { kid: undefined })],
    ['a refresh token', () => `art_${base64url(Buffer.alloc(73))}abcdef`],
    ['jku', () => sign({}, { jku: 'https://evil.example/jwks' })],
    ['jwk', () => sign({}, { jwk: { kty: 'EC' } })],
    ['x5u', () => sign({}, { x5u: 'http://169.254.169.254/' })],
    ['typ JWT', () => sign({}, { typ: 'JWT' })],
    ['typ logout+jwt', () => sign({}, { typ: 'logout+jwt' })],
    ['no typ', () => sign({}, { typ: undefined })],
    ['iss in a list', () => sign({ iss: ['https://auth.example'] })],
    ['iss with a slash', () => sign({ iss: 'https://auth.example/' })],
    ['iss in another case', () => sign({ iss: 'https://AUTH.example' })],
    ['aud in a list', () => sign({ aud: ['auto-refresh'] })],
    ['aud of another', () => sign({ aud: 'another' })],
    ['exp as text', () => sign({ exp: String(claims.exp) })],
    ['exp with a fraction', () => sign({ exp: claims.exp + 0.5 })],
    [
      'exp that is no safe integer',
      () => signText(JSON.stringify(claims).replace(`"exp":${claims.exp}`, '"exp":1e400')),
    ],
    ['exp past the end of the session', () => sign({ exp: claims.session_exp + 1 })],
    ['exp before iat', () => sign({ exp: claims.iat })],
    [
      'a life of more than a day',
      () => sign({ exp: claims.iat + 86_401, session_exp: claims.iat + 864_000 }),
    ],
    ['nbf in the future', () => sign({ nbf: NOW_SECONDS + 60 })],
    ['nbf as text', () => sign({ nbf: 'now' })],
    ['signature of zeros', () => `${goodHeader}.${goodPayload}.${base64url(Buffer.alloc(64))}`],
    [
      'signature in DER',
      () => `${goodHeader}.${goodPayload}.${der(Buffer.from(goodSignature, 'base64url'))}`,
    ],
    [
      'JSON serialization',
      () =>
        JSON.stringify({ protected: goodHeader, payload: goodPayload, signature: goodSignature }),
    ],
    ['two parts', () => `${goodHeader}.${goodPayload}`],
    ['four parts', () => `${good}.`],
    ['five parts, as a JWE', () => `${good}.a.b`],
    ['crit', () => sign({}, { crit: ['x'], x: 1 })],
    ['b64:false', () => sign({}, { crit: ['b64'], b64: true })],
    ['padding', () => `${good}==`],
    ['line break inside', () => `${good.slice(0, 40)}\n${good.slice(40)}`],
    ['blank at the end', () => `${good} `],
    [
      'spare bits of the signature changed',
      () => `${goodHeader}.${goodPayload}.${spareBits(goodSignature)}`,
    ],
    [
      'letters of plain base64',
      () => good.replaceAll('-', '+').replaceAll('_', '/') + (/[-_]/.test(good) ? '' : '+'),
    ],
    [
      'a claim twice',
      () =>
        signText(JSON.stringify(claims).replace('"role":"admin"', '"role":"user","role":"admin"')),
    ],
    [
      'an escaped claim name',
      () => signText(JSON.stringify(claims).replace('"role"', '"r\\u006fle"')),
    ],
    ['blanks in the payload', () => signText(JSON.stringify(claims, null, 1))],
    [
      'bytes that are not UTF-8',
      async () =>
        await new CompactSign(Buffer.from([...Buffer.from('{"a":"'), 0xff, 0x22, 0x7d]))
          .setProtectedHeader(header)
          .sign(privateKey),
    ],
    ['ten megabytes', () => `${goodHeader}.${'A'.repeat(10_000_000)}.${goodSignature}`],
    ['a payload of deep lists', () => signText('['.repeat(1000) + ']'.repeat(1000))],
    ['a payload that is a list', () => signText('[]')],
    ['a payload that is null', () => signText('null')],
    ['a subject that is no UUID', () => sign({ sub: 'admin' })],
    ['nothing', () => ''],
    ['two dots', () => '..'],
    ['a word', () => 'null'],
    ...Object.keys(claims).map((name): [string, () => Promise<string>] => [
      `without ${name}`,
      () => signText(JSON.stringify(without(name))),
    ]),
  ])('%s', async (_, make) => {
    expect(await verify(await make())).toEqual({ outcome: 'invalid' })
  })

  test('every single flipped bit of a token', async () => {
    for (let index = 0; index < good.length; index += 1) {
      const flipped =
        good.slice(0, index) +
        String.fromCharCode(good.charCodeAt(index) ^ 1) +
        good.slice(index + 1)
      expect(await verify(flipped), `at ${index}`).toEqual({ outcome: 'invalid' })
    }
  })
})

test('a malformed token causes no key look-up', async () => {
  askedKids.length = 0
  for (const token of [
    '',
    'x.y.z',
    `${goodHeader}.${goodPayload}.`,
    await sign({}, { kid: '../key-1' }),
    await sign({}, { typ: 'JWT' }),
  ])
    await verify(token)
  expect(askedKids).toEqual([])
})

test('a claim that a later version adds does not make the token invalid', async () => {
  expect((await verify(await sign({ amr: ['pwd'] }))).outcome).toBe('valid')
})

test('the longest token that we sign is valid', async () => {
  const longest = {
    username: '😀'.repeat(128),
    role: 'r'.repeat(32),
    amr: Array.from({ length: 10 }, () => 'm'.repeat(32)),
    claims: { a: 'x'.repeat(2040) },
  }
  expect((await verify(await sign(longest))).outcome).toBe('valid')
})

test('a failed key look-up is thrown and never makes a token invalid', async () => {
  const failing = createAccessTokenVerifier({
    findKey: async () => {
      throw new Error('database unavailable')
    },
    issuer: claims.iss,
    audience: claims.aud,
    clock: { nowMs: () => 0 },
  })
  await expect(failing(good)).rejects.toThrow('database unavailable')
})

test('a token with a retired key is rejected, whatever its claims and its signature', async () => {
  const retiring = createAccessTokenVerifier({
    findKey: () => publicKey,
    isRetiredKey: (kid) => kid === 'key-1',
    issuer: 'https://auth.example',
    audience: 'auto-refresh',
    clock: { nowMs: () => NOW_SECONDS * 1000 },
  })
  expect(await retiring(good)).toEqual({ outcome: 'retired' })
  expect(await retiring(await sign({}, { kid: 'key-2' }))).toMatchObject({ outcome: 'valid' })
})

test('a token whose key is retired during the look-up asks for a refresh and is not called invalid', async () => {
  const retired = new Set<string>()
  const retiring = createAccessTokenVerifier({
    findKey: async (kid) => void retired.add(kid),
    isRetiredKey: (kid) => retired.has(kid),
    issuer: 'https://auth.example',
    audience: 'auto-refresh',
    clock: { nowMs: () => NOW_SECONDS * 1000 },
  })
  expect(await retiring(good)).toEqual({ outcome: 'retired' })
})
