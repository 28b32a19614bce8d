import { Buffer } from 'node:buffer'
import {
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  SignJWT,
  UnsecuredJWT,
  type CryptoKey,
  type JWTPayload,
} from 'jose'
import { describe, expect, test } from 'vitest'
import { clock, NOW_MS } from '../../testing/fakes.ts'
import { IssuerUnavailableError } from './create-issuer-keys.ts'
import { createVerifySubjectToken } from './create-verify-subject-token.ts'

const ISSUER = 'https://idp.example'
const OTHER = 'https://other.example'
const NOW = NOW_MS / 1000
const newKey = () => generateKeyPair('RS256', { extractable: true })
const [own, second, foreign] = [await newKey(), await newKey(), await newKey()] as const
const ec = await generateKeyPair('ES256', { extractable: true })
const jwkOf = async (key: CryptoKey, kid: string, alg: string) => ({
  ...(await exportJWK(key)),
  kid,
  alg,
})
const keys = createLocalJWKSet({
  keys: [
    await jwkOf(own.publicKey, 'one', 'RS256'),
    await jwkOf(second.publicKey, 'two', 'RS256'),
    await jwkOf(ec.publicKey, 'ec', 'ES256'),
  ],
})
const verify = createVerifySubjectToken({
  issuers: [ISSUER, OTHER].map((issuer) => ({
    issuer,
    audiences: ['web', 'phone'],
    usernameClaim: 'preferred_username',
  })),
  clock,
  createKeys: ({ issuer }) => {
    if (issuer === ISSUER) return keys
    return () => Promise.reject(new IssuerUnavailableError('down'))
  },
})

const claims: JWTPayload = {
  iss: ISSUER,
  sub: '7',
  aud: 'web',
  iat: NOW - 5,
  exp: NOW + 3600,
}
const sign = (
  change: JWTPayload = {},
  header: Record<string, string> = {},
  key: CryptoKey | Uint8Array = own.privateKey,
) =>
  new SignJWT({ ...claims, ...change })
    .setProtectedHeader({ alg: 'RS256', kid: 'one', ...header })
    .sign(key)

test('an ID token of a trusted issuer is verified, with the time at which it ends', async () => {
  expect(await verify(await sign())).toMatchObject({
    outcome: 'verified',
    issuer: { issuer: ISSUER },
    claims: { sub: '7' },
    endsAtMs: (NOW - 5 + 600 + 30) * 1000,
  })
  expect(await verify(await sign({ exp: NOW + 60 }))).toMatchObject({
    endsAtMs: (NOW + 60 + 30) * 1000,
  })
})

test.each([
  ['without a kid, by any of the keys', {}, { kid: undefined as never }, second.privateKey],
  ['with ES256', {}, { alg: 'ES256', kid: 'ec' }, ec.privateKey],
  ['with the type JWT', {}, { typ: 'JWT' }, own.privateKey],
  ['for another of our clients', { aud: ['phone'] }, {}, own.privateKey],
  ['for several, authorized for us', { aud: ['web', 'api'], azp: 'web' }, {}, own.privateKey],
  ['of a clock that is 20 s ahead', { iat: NOW + 20 }, {}, own.privateKey],
  ['of Keycloak', { typ: 'ID', azp: 'web' }, {}, own.privateKey],
])('a token %s is accepted', async (_, change, header, key) => {
  expect(await verify(await sign(change, header, key))).toMatchObject({ outcome: 'verified' })
})

describe('is refused: a token', () => {
  const text = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  test.each<[string, () => string | Promise<string>, string, boolean]>([
    ['that is no JWT', () => 'a.b.c', 'it is not a signed JWT', false],
    ['that is empty', () => '', 'it is not a signed JWT', false],
    ['that is encrypted', async () => `${await sign()}.a.b`, 'it is not a signed JWT', false],
    [
      'without a signature',
      () => new UnsecuredJWT(claims).encode(),
      'its algorithm is not allowed',
      false,
    ],
    [
      'with alg none and a signature',
      async () => `${text({ alg: 'none' })}.${text(claims)}.${(await sign()).split('.')[2] ?? ''}`,
      'its algorithm is not allowed',
      false,
    ],
    [
      'signed with HS256 and the public key',
      async () =>
        sign({}, { alg: 'HS256' }, Buffer.from(JSON.stringify(await exportJWK(own.publicKey)))),
      'its algorithm is not allowed',
      false,
    ],
    [
      'of an unknown issuer',
      () => sign({ iss: 'https://evil.example' }),
      'its issuer is not trusted',
      false,
    ],
    [
      'with several issuers',
      () => sign({ iss: [ISSUER] as never }),
      'its issuer is not trusted',
      false,
    ],
    [
      'signed by another key',
      () => sign({}, {}, foreign.privateKey),
      'its signature is not valid',
      false,
    ],
    [
      'with a key of its own in the header',
      async () =>
        sign(
          {},
          { jwk: (await exportJWK(foreign.publicKey)) as never, kid: 'own' },
          foreign.privateKey,
        ),
      'its signature is not valid',
      false,
    ],
    ['with an unknown kid', () => sign({}, { kid: 'three' }), 'its signature is not valid', false],
    [
      'with changed claims',
      async () => {
        const [header, , signature] = (await sign()).split('.')
        return `${header ?? ''}.${text({ ...claims, sub: '8' })}.${signature ?? ''}`
      },
      'its signature is not valid',
      false,
    ],
    ['for another audience', () => sign({ aud: 'api' }), 'it is for another audience', true],
    [
      'for several without azp',
      () => sign({ aud: ['web', 'api'] }),
      'it is for another audience',
      true,
    ],
    [
      'authorized for another client',
      () => sign({ azp: 'api' }),
      'it is for another audience',
      true,
    ],
    ['that has expired', () => sign({ exp: NOW - 40 }), 'it has expired', true],
    [
      'that is 11 minutes old',
      () => sign({ iat: NOW - 660 }),
      'it was issued more than 10 minutes ago or in the future',
      true,
    ],
    [
      'from the future',
      () => sign({ iat: NOW + 60 }),
      'it was issued more than 10 minutes ago or in the future',
      true,
    ],
    [
      'that is not valid yet',
      () => sign({ nbf: NOW + 60 }),
      'a claim is missing or not valid',
      true,
    ],
    [
      'without exp',
      () => sign({ exp: undefined as never }),
      'a claim is missing or not valid',
      true,
    ],
    [
      'without iat',
      () => sign({ iat: undefined as never }),
      'a claim is missing or not valid',
      true,
    ],
    [
      'without sub',
      () => sign({ sub: undefined as never }),
      'a claim is missing or not valid',
      true,
    ],
    ['with an empty sub', () => sign({ sub: '' }), 'a claim is missing or not valid', true],
    [
      'with a number as sub',
      () => sign({ sub: 7 as never }),
      'a claim is missing or not valid',
      true,
    ],
    ['that is an access token', () => sign({}, { typ: 'at+jwt' }), 'it is not an ID token', false],
    ['that is a logout token', () => sign({ events: {} }), 'it is not an ID token', true],
    ['of Keycloak for an API', () => sign({ typ: 'Bearer' }), 'it is not an ID token', true],
  ])('%s', async (_, create, because, authentic) => {
    expect(await verify(await create())).toEqual({ outcome: 'refused', because, authentic })
  })
})

test('keys that cannot be read are not the fault of the token', async () => {
  expect(await verify(await sign({ iss: OTHER }))).toMatchObject({
    outcome: 'issuer_unavailable',
    issuer: OTHER,
  })
})

test('the hash of a token does not depend on its signature, which has several forms', async () => {
  const token = await sign({}, { alg: 'ES256', kid: 'ec' }, ec.privateKey)
  const body = token.slice(0, token.lastIndexOf('.'))
  const bytes = Buffer.from(token.slice(body.length + 1), 'base64url')
  // ECDSA: with (r, s) also (r, n - s) is a signature.
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const s = (order - BigInt(`0x${bytes.subarray(32).toString('hex')}`))
    .toString(16)
    .padStart(64, '0')
  const twin = `${body}.${Buffer.concat([bytes.subarray(0, 32), Buffer.from(s, 'hex')]).toString('base64url')}`
  const [first, other] = [await verify(token), await verify(twin)]
  expect(twin).not.toBe(token)
  expect([first.outcome, other.outcome]).toEqual(['verified', 'verified'])
  expect(other).toEqual(first)
})
