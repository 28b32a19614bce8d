import Fastify, { type FastifyRequest } from 'fastify'
import { expect, test } from 'vitest'
import { createIsTrusted } from './create-is-trusted.ts'
import { isStraightFromLoopback } from './is-straight-from-loopback.ts'
import { toPlace, toRequestContext } from './request-context.ts'

test.each([
  ['203.0.113.77', '203.0.113.77', '203.0.113.77/32', '203.0.113.0/24'],
  ['::ffff:203.0.113.77', '203.0.113.77', '203.0.113.77/32', '203.0.113.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64', '2001:db8:1::/48'],
  ['2001:0DB8:0001:2::6', '2001:db8:1:2::6', '2001:db8:1:2::/64', '2001:db8:1::/48'],
  ['fe80::1%eth0', 'fe80::1', 'fe80:0:0:0::/64', 'fe80:0:0::/48'],
  ['::1', '::1', '0:0:0:0::/64', '0:0:0::/48'],
  ['203.0.113.77:49152', '203.0.113.77', '203.0.113.77/32', '203.0.113.0/24'],
  ['[2001:db8:1:2::6]', '2001:db8:1:2::6', '2001:db8:1:2::/64', '2001:db8:1::/48'],
  ['[2001:db8:1:2::6]:49152', '2001:db8:1:2::6', '2001:db8:1:2::/64', '2001:db8:1::/48'],
  ['[fe80::1%eth0]:1', 'fe80::1', 'fe80:0:0:0::/64', 'fe80:0:0::/48'],
  ['203.0.113.77:', 'unknown', 'unknown', 'unknown'],
  ['0xcb.1', 'unknown', 'unknown', 'unknown'],
  ['not an address', 'unknown', 'unknown', 'unknown'],
  ['', 'unknown', 'unknown', 'unknown'],
])('the address, block and network of %s', (text, address, block, network) => {
  expect(toPlace(text)).toEqual({ address, block, network })
})

async function ask(
  request: { remoteAddress?: string; headers?: Record<string, string> },
  trustProxy: string[] | false = false,
) {
  const app = Fastify({ trustProxy: trustProxy && createIsTrusted(trustProxy) })
  app.get('/', async (incoming) => toRequestContext(incoming))
  return (await app.inject({ url: '/', ...request })).json()
}

test.each<[string, Parameters<typeof ask>[0], boolean]>([
  ['from the machine to its own name', { headers: { host: 'localhost:8000' } }, true],
  ['from ::1 to [::1]', { remoteAddress: '::1', headers: { host: '[::1]:8000' } }, true],
  ['from elsewhere', { remoteAddress: '203.0.113.7', headers: { host: 'localhost' } }, false],
  ['to another name', { headers: { host: 'demo.example' } }, false],
  [
    'to a name that only begins with localhost',
    { headers: { host: 'localhost.evil.example' } },
    false,
  ],
  [
    'through a proxy on this machine (X-Forwarded-For)',
    { headers: { host: 'localhost', 'x-forwarded-for': '203.0.113.7' } },
    false,
  ],
  [
    'through a proxy on this machine (X-Forwarded-Proto)',
    { headers: { host: 'localhost', 'x-forwarded-proto': 'https' } },
    false,
  ],
  [
    'through a proxy on this machine (Forwarded)',
    { headers: { host: 'localhost', forwarded: 'for=203.0.113.7' } },
    false,
  ],
  [
    'from a page of another site',
    { headers: { host: 'localhost', origin: 'https://auth.example.com' } },
    false,
  ],
  [
    'from a page of this machine',
    { headers: { host: 'localhost', origin: 'http://localhost:5173' } },
    true,
  ],
  ['from a page without an origin', { headers: { host: 'localhost', origin: 'null' } }, false],
  [
    'that names another page as its referrer',
    { headers: { host: 'localhost', referer: 'https://auth.example.com/' } },
    false,
  ],
  [
    'of a program that closes its connection',
    { headers: { host: 'localhost', connection: 'close' } },
    true,
  ],
  ...[
    'Via',
    'X-Real-IP',
    'X-Client-IP',
    'True-Client-IP',
    'CF-Connecting-IP',
    'CF-Ray',
    'CDN-Loop',
    'Fastly-Client-IP',
    'Fly-Client-IP',
    'X-Original-For',
    'X-Envoy-External-Address',
    'X-Amzn-Trace-Id',
    'X-Azure-ClientIP',
    'X-Cluster-Client-IP',
    'X-Vercel-Forwarded-For',
    'Ngrok-Auth-User-Email',
    'Tailscale-User-Login',
  ].map((name): [string, Parameters<typeof ask>[0], boolean] => [
    `with ${name}`,
    { headers: { host: 'localhost', [name]: '203.0.113.7' } },
    false,
  ]),
])('whether a request %s is straight from loopback', async (_, request, straight) => {
  expect((await ask(request)).straightFromLoopback).toBe(straight)
})

test('X-Forwarded-For counts only from trusted proxies', async () => {
  const headers = { 'x-forwarded-for': '192.0.2.66, 203.0.113.7' }
  expect((await ask({ headers, remoteAddress: '10.0.0.1' })).address).toBe('10.0.0.1')
  expect((await ask({ headers, remoteAddress: '10.0.0.1' }, ['10.0.0.0/8'])).address).toBe(
    '203.0.113.7',
  )
})

test.each<[string, string]>([
  ['203.0.113.9:49152', '203.0.113.9'],
  ['[2001:db8::9]:49152', '2001:db8::9'],
  ['192.0.2.66, 203.0.113.9:49152, 10.0.0.5:8443', '203.0.113.9'],
  ['203.0.113.9, [::ffff:10.0.0.5]:8443', '203.0.113.9'],
  ['junk', '10.0.0.1'],
  ['unknown, 10.0.0.5', '10.0.0.5'],
  ['192.0.2.66, _hidden, 10.0.0.5', '10.0.0.5'],
  ['', '10.0.0.1'],
])(
  'X-Forwarded-For: %s is read as %s; a value that is no address falls back to its proxy',
  async (forwarded, address) => {
    expect(
      (
        await ask({ headers: { 'x-forwarded-for': forwarded }, remoteAddress: '10.0.0.1' }, [
          '10.0.0.0/8',
        ])
      ).address,
    ).toBe(address)
  },
)

test('the user agent is cleaned and cut', async () => {
  const { agent } = await ask({ headers: { 'user-agent': `a\tb\u0085${'x'.repeat(500)}` } })
  expect(agent).toBe(`ab${'x'.repeat(254)}`)
})

test('a token in the user agent is masked before it reaches the database, events and lists', async () => {
  const refresh = `art_${'A'.repeat(80)}`
  const access = `eyJ${'a'.repeat(300)}.${'b'.repeat(300)}.${'c'.repeat(80)}`
  expect((await ask({ headers: { 'user-agent': `app/1 tok=${refresh} ${access}` } })).agent).toBe(
    'app/1 tok=art_[masked] eyJ[masked]',
  )
  expect((await ask({ headers: { 'user-agent': `Bearer ${access}` } })).agent).not.toContain('aaaa')
})

test('HTTP/1.0 counts as a possible proxy, HTTP/1.1 does not', () => {
  const isStraight = (httpVersion: string) =>
    isStraightFromLoopback({
      socket: { remoteAddress: '127.0.0.1' },
      raw: { httpVersion },
      hostname: 'localhost',
      headers: {},
    } as unknown as FastifyRequest)
  expect([isStraight('1.0'), isStraight('1.1')]).toEqual([false, true])
})
