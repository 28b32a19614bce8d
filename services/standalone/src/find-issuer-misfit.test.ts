import { expect, test } from 'vitest'
import { findIssuerMisfit } from './find-issuer-misfit.ts'

test.each([
  ['the default', 'http://localhost:8000', 'http://127.0.0.1:8000', {}, undefined],
  [
    'another port',
    'http://localhost:8000',
    'http://127.0.0.1:9000',
    { ISSUER: 'http://localhost:8000' },
    /another port/,
  ],
  [
    'a published port',
    'http://localhost:9000',
    'http://0.0.0.0:8000',
    { ISSUER: 'http://localhost:9000' },
    undefined,
  ],
  [
    'another port, behind a proxy',
    'http://localhost:8000',
    'http://127.0.0.1:9000',
    { ISSUER: 'http://localhost:8000', TRUSTED_PROXIES: '127.0.0.1' },
    undefined,
  ],
  [
    'a public URL',
    'https://auth.example.com',
    'http://0.0.0.0:8000',
    { ISSUER: 'https://auth.example.com', DATABASE_URL: 'postgres://db/auth' },
    undefined,
  ],
  ['open to other machines', 'http://localhost:8000', 'http://0.0.0.0:8000', {}, /HOST lets/],
  [
    'one of several processes',
    'http://localhost:8000',
    'http://127.0.0.1:8000',
    { DATABASE_URL: 'postgres://db/auth' },
    /the same URL for all processes/,
  ],
])('the issuer of a server with %s', (_, issuer, url, environment, expected) => {
  const { hostname: host, port } = new URL(url)
  const misfit = findIssuerMisfit({ issuer, host, port, environment })
  if (expected === undefined) expect(misfit).toBeUndefined()
  else expect(misfit).toMatch(expected)
})
