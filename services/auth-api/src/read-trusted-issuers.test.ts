import { expect, test } from 'vitest'
import { parseTrustedIssuers, readTrustedIssuers } from './read-trusted-issuers.ts'

const parse = (value: unknown) => parseTrustedIssuers(JSON.stringify(value))
const plain = { issuer: 'https://idp.example', audience: 'app' }

test('an entry has defaults for all but issuer and audience', () => {
  expect(parse([plain])).toEqual({
    issuers: [
      {
        issuer: 'https://idp.example',
        audiences: ['app'],
        usernameClaim: 'preferred_username',
      },
    ],
    faults: [],
  })
  const full = {
    issuer: 'http://localhost:9000/realms/a',
    audience: ['web', 'phone'],
    jwks_uri: 'http://127.0.0.1:9000/keys',
    username_claim: 'email',
    role_claim: 'realm_access.roles',
    roles: { boss: 'admin', staff: 'user' },
  }
  expect(parse([plain, full])).toMatchObject({
    issuers: [
      {},
      {
        audiences: ['web', 'phone'],
        jwksUri: full.jwks_uri,
        usernameClaim: 'email',
        roles: {
          claim: 'realm_access.roles',
          map: [
            ['boss', 'admin'],
            ['staff', 'user'],
          ],
        },
      },
    ],
    faults: [],
  })
})

test('every fault of the file is named at once, with its entry', () => {
  expect(
    parse([
      { issuer: 'http://idp.example', audience: '' },
      { issuer: 'https://idp.example#a', audience: [], jwks_uri: 'http://idp.example/keys' },
      { ...plain, username_claim: 7, role_claim: 'groups', rolls: {} },
      { ...plain, role_claim: 'groups', roles: { a: 'Big Boss', b: 1 } },
      { ...plain, issuer: `https://idp.example/${'x'.repeat(200)}` },
      { ...plain, issuer: 'https://a:b@idp.example' },
      {},
    ]).faults,
  ).toEqual([
    'TRUSTED_ISSUERS entry 1: issuer must be an https URL without query and fragment (http for this machine)',
    'TRUSTED_ISSUERS entry 1: audience must be the client id at the issuer, or a list of client ids',
    'TRUSTED_ISSUERS entry 2: issuer must be an https URL without query and fragment (http for this machine)',
    'TRUSTED_ISSUERS entry 2: audience must be the client id at the issuer, or a list of client ids',
    'TRUSTED_ISSUERS entry 2: jwks_uri must be an https URL (http for this machine)',
    'TRUSTED_ISSUERS entry 3: unknown properties rolls; known are issuer, audience, jwks_uri, username_claim, role_claim, roles',
    'TRUSTED_ISSUERS entry 3: username_claim must be the name of a claim',
    'TRUSTED_ISSUERS entry 3: role_claim must be the name of a claim, and roles must map its values to roles',
    expect.stringContaining('TRUSTED_ISSUERS entry 4: roles: "a": The role must be'),
    'TRUSTED_ISSUERS entry 4: roles: "b": The role must be a text',
    'TRUSTED_ISSUERS entry 4: issuer is listed twice',
    'TRUSTED_ISSUERS entry 5: issuer must have at most 200 characters',
    'TRUSTED_ISSUERS entry 6: issuer must be an https URL without query and fragment (http for this machine)',
    'TRUSTED_ISSUERS entry 7: issuer must be an https URL without query and fragment (http for this machine)',
    'TRUSTED_ISSUERS entry 7: audience must be the client id at the issuer, or a list of client ids',
  ])
})

test.each(['', '{', '{}', 'null', '[1]', '"https://idp.example"'])(
  '%j is refused as no list',
  (text) => {
    expect(parseTrustedIssuers(text)).toEqual({
      issuers: [],
      faults: ['TRUSTED_ISSUERS must be a JSON list of objects'],
    })
  },
)

test('a file that cannot be read is named', () => {
  expect(readTrustedIssuers('/nowhere/issuers.json').faults).toEqual([
    'TRUSTED_ISSUERS (/nowhere/issuers.json) cannot be read (ENOENT); expected a readable JSON file',
  ])
})
