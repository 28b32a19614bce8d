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

test('a token of ours is valid and gives its claims', async () => {
  expect(await verify(good)).toEqual({ outcome: 'valid', claims })
})

test('the moment of expiry is exact: the last millisecond is valid, the next is expired and still authentic', async () => {
  expect((await verify(await sign({ iat: NOW_SECONDS - 10, exp: NOW_SECONDS + 1 }))).outcome).toBe(
    'valid',
  )
  expect((await verify(await sign({ iat: NOW_SECONDS - 10, exp: NOW_SECONDS }))).outcome).toBe(
    'expired',
  )
})

test('a clock that is ten seconds ahead is tolerated; a token from further in the future is our failure, never an invalid token', async () => {
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
    ['A01 alg none', () => unsigned('none')],
    ['A01 alg nOnE', () => unsigned('nOnE')],
    ['A01 no signature', () => `${goodHeader}.${goodPayload}.`],
    ['A02 HS256 with the public key as secret', async () => hmac(await exportSPKI(publicKey))],
    [
      'A02 HS256 with the public key and a leading blank',
      async () => hmac(` ${await exportSPKI(publicKey)}`),
    ],
    ['A03 RS256', () => other('RS256')],
    ['A03 PS256', () => other('PS256')],
    ['A03 ES384', () => other('ES384')],
    ['A03 EdDSA', () => other('EdDSA')],
    [
      'a key that is not ours under a kid of ours',
      () => signText(JSON.stringify(claims), {}, stranger.privateKey),
    ],
    ['A04 kid that is a path', () => sign({}, { kid: '../../../dev/null' })],
    ['A04 kid that is SQL', () => sign({}, { kid: "' or 1=1 --" })],
    ['A04 kid that is an object key', () => sign({}, { kid: '__proto__' })],
    ['A04 kid of another issuer', () => sign({}, { kid: 'key-2' })],
    ['A04 kid of 65 characters', () => sign({}, { kid: 'k'.repeat(65) })],
    ['A04 kid that is a list', () => sign({}, { kid: ['key-1'] })],
    ['A04 no kid', () => sign({}, { kid: undefined })],
    ['A06 a refresh token', () => `art_${base64url(Buffer.alloc(73))}abcdef`],
    ['A07 jku', () => sign({}, { jku: 'https://evil.example/jwks' })],
    ['A07 jwk', () => sign({}, { jwk: { kty: 'EC' } })],
    ['A07 x5u', () => sign({}, { x5u: 'http://169.254.169.254/' })],
    ['A08 typ JWT', () => sign({}, { typ: 'JWT' })],
    ['A08 typ logout+jwt', () => sign({}, { typ: 'logout+jwt' })],
    ['A08 no typ', () => sign({}, { typ: undefined })],
    ['A09 iss in a list', () => sign({ iss: ['https://auth.example'] })],
    ['A09 iss with a slash', () => sign({ iss: 'https://auth.example/' })],
    ['A09 iss in another case', () => sign({ iss: 'https://AUTH.example' })],
    ['A09 aud in a list', () => sign({ aud: ['auto-refresh'] })],
    ['A09 aud of another', () => sign({ aud: 'another' })],
    ['A10 exp as text', () => sign({ exp: String(claims.exp) })],
    ['A10 exp with a fraction', () => sign({ exp: claims.exp + 0.5 })],
    [
      'A10 exp beyond all numbers',
      () => signText(JSON.stringify(claims).replace(`"exp":${claims.exp}`, '"exp":1e400')),
    ],
    ['A10 exp past the end of the session', () => sign({ exp: claims.session_exp + 1 })],
    ['A10 exp before iat', () => sign({ exp: claims.iat })],
    [
      'A10 a life of more than a day',
      () => sign({ exp: claims.iat + 86_401, session_exp: claims.iat + 864_000 }),
    ],
    ['A10 nbf in the future', () => sign({ nbf: NOW_SECONDS + 60 })],
    ['A10 nbf as text', () => sign({ nbf: 'now' })],
    ['A11 signature of zeros', () => `${goodHeader}.${goodPayload}.${base64url(Buffer.alloc(64))}`],
    [
      'A11 signature in DER',
      () => `${goodHeader}.${goodPayload}.${der(Buffer.from(goodSignature, 'base64url'))}`,
    ],
    [
      'A12 JSON serialization',
      () =>
        JSON.stringify({ protected: goodHeader, payload: goodPayload, signature: goodSignature }),
    ],
    ['A12 two parts', () => `${goodHeader}.${goodPayload}`],
    ['A12 four parts', () => `${good}.`],
    ['A12 five parts, as a JWE', () => `${good}.a.b`],
    ['A12 crit', () => sign({}, { crit: ['x'], x: 1 })],
    ['A12 b64:false', () => sign({}, { crit: ['b64'], b64: true })],
    ['A12 padding', () => `${good}==`],
    ['A12 line break inside', () => `${good.slice(0, 40)}\n${good.slice(40)}`],
    ['A12 blank at the end', () => `${good} `],
    [
      'A12 spare bits of the signature changed',
      () => `${goodHeader}.${goodPayload}.${spareBits(goodSignature)}`,
    ],
    [
      'A12 letters of plain base64',
      () => good.replaceAll('-', '+').replaceAll('_', '/') + (/[-_]/.test(good) ? '' : '+'),
    ],
    [
      'A13 a claim twice',
      () =>
        signText(JSON.stringify(claims).replace('"role":"admin"', '"role":"user","role":"admin"')),
    ],
    [
      'A13 an escaped claim name',
      () => signText(JSON.stringify(claims).replace('"role"', '"r\\u006fle"')),
    ],
    ['A13 blanks in the payload', () => signText(JSON.stringify(claims, null, 1))],
    [
      'bytes that are no UTF-8',
      async () =>
        await new CompactSign(Buffer.from([...Buffer.from('{"a":"'), 0xff, 0x22, 0x7d]))
          .setProtectedHeader(header)
          .sign(privateKey),
    ],
    ['A14 ten megabytes', () => `${goodHeader}.${'A'.repeat(10_000_000)}.${goodSignature}`],
    ['A14 a payload of deep lists', () => signText('['.repeat(1000) + ']'.repeat(1000))],
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

test('a token of the wrong form costs no look-up of a key', async () => {
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

test('trouble with the keys is thrown, never called an invalid token', async () => {
  const away = createAccessTokenVerifier({
    findKey: async () => {
      throw new Error('database away')
    },
    issuer: claims.iss,
    audience: claims.aud,
    clock: { nowMs: () => 0 },
  })
  await expect(away(good)).rejects.toThrow('database away')
})

test('of a token that names a retired key nothing counts, whatever it says and whoever signed it', async () => {
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

test('a token whose key is retired while the key is looked for asks for a refresh, and is not called forged', async () => {
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
