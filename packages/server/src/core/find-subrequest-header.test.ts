import { expect, test } from 'vitest'
import { findSubrequestHeader } from './find-subrequest-header.ts'

type Case = [string, string, Record<string, string>, string | undefined]

test.each<Case>([
  ['nginx auth_request as documented', '/me', { 'x-original-uri': '/a?b=1' }, 'x-original-uri'],
  ['nginx, about the root', '/me', { 'x-original-uri': '/' }, 'x-original-uri'],
  [
    'ingress-nginx',
    '/me',
    { 'x-original-url': 'https://app.example/a', 'x-original-method': 'GET' },
    'x-original-method',
  ],
  [
    'ingress-nginx, about the same path of another host',
    '/me',
    { 'x-original-url': 'https://app.example/me', 'x-auth-request-redirect': '/me' },
    'x-auth-request-redirect',
  ],
  ['a URL without a path', '/me', { 'x-original-url': 'https://app.example' }, 'x-original-url'],
  [
    'Traefik and Caddy',
    '/me',
    { 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/a' },
    'x-forwarded-method',
  ],
  [
    'Traefik and Caddy, about the same path of another host',
    '/me',
    { 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/users/me' },
    'x-forwarded-method',
  ],
  [
    'Traefik and Caddy, about exactly the same path of another host',
    '/me',
    {
      host: 'auth.internal',
      'x-forwarded-host': 'app.example',
      'x-forwarded-method': 'GET',
      'x-forwarded-uri': '/me',
    },
    'x-forwarded-method',
  ],
  [
    'about a POST of the same path',
    '/me',
    { 'x-original-method': 'POST', 'x-original-uri': '/me' },
    'x-original-method',
  ],
  ['a method alone', '/me', { 'x-original-method': 'GET' }, 'x-original-method'],
  ['a guarded /', '/', { 'x-original-uri': '/a/' }, 'x-original-uri'],
  ['a guarded / with a query', '/?a=1', { 'x-forwarded-uri': '/a/' }, 'x-forwarded-uri'],
  [
    'a guarded / and another prefix',
    '/',
    { 'x-forwarded-uri': '/a/b/', 'x-forwarded-prefix': '/a' },
    'x-forwarded-uri',
  ],
  [
    'one header names this path, another one does not',
    '/me',
    { 'x-original-uri': '/me', 'x-forwarded-uri': '/a' },
    'x-forwarded-uri',
  ],
  ['a path that only contains this one', '/me', { 'x-original-uri': '/me/a' }, 'x-original-uri'],
])('a subrequest is recognized: %s', (_, url, headers, header) => {
  expect(findSubrequestHeader({ url, method: 'GET', headers })).toBe(header)
})

test.each<Case>([
  ['no proxy', '/me', {}, undefined],
  ['the same path', '/me?a=1', { 'x-original-uri': '/me?a=1' }, undefined],
  ['a URL', '/me', { 'x-original-url': 'https://app.example/me' }, undefined],
  ['a removed prefix', '/me', { 'x-forwarded-uri': '/prefix/me' }, undefined],
  ['the root', '/', { 'x-original-uri': '/?a=1' }, undefined],
  ['the root as a URL', '/', { 'x-original-url': 'https://app.example' }, undefined],
  [
    'a removed prefix of the root',
    '/',
    { 'x-forwarded-uri': '/app/', 'x-forwarded-prefix': '/app' },
    undefined,
  ],
  ['a trailing slash', '/list/', { 'x-forwarded-uri': '/app/list/' }, undefined],
  ['empty headers', '/me', { 'x-original-uri': '', 'x-forwarded-method': '' }, undefined],
  [
    'Envoy that describes every request',
    '/me?a=1',
    {
      host: 'app.example',
      'x-forwarded-host': 'app.example',
      'x-forwarded-method': 'GET',
      'x-forwarded-uri': '/me?a=1',
    },
    undefined,
  ],
  [
    'what Traefik, Caddy, HAProxy and Envoy add to every request',
    '/me',
    {
      'x-forwarded-for': '192.0.2.1',
      'x-forwarded-host': 'app.example',
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
      'x-forwarded-server': 'traefik',
      'x-real-ip': '192.0.2.1',
      'x-envoy-expected-rq-timeout-ms': '15000',
      'x-envoy-original-path': '/app/me',
    },
    undefined,
  ],
  // Nothing in them differs from an ordinary request: docs/api.md says what to do.
  ['nginx without any header, which cannot be seen', '/me', { connection: 'close' }, undefined],
])('an ordinary request is not a subrequest: %s', (_, url, headers, header) => {
  expect(findSubrequestHeader({ url, method: 'GET', headers })).toBe(header)
})
