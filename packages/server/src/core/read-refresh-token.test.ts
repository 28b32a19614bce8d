import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { readBearerToken } from './read-bearer-token.ts'
import { readRefreshToken } from './read-refresh-token.ts'

type Headers = Record<string, string | string[]>

/** Returns what a route reads, or the error code that it throws. */
async function read(headers: Headers, body?: string | null) {
  const app = Fastify()
  app.get('/', async (request) => ({
    read: readRefreshToken(request, { bodyToken: body }) ?? 'none',
  }))
  const answer = await app.inject({ url: '/', headers })
  return answer.statusCode === 200 ? answer.json().read : answer.statusCode
}

const header = (token: string | string[]) => ({ 'x-refresh-token': token })
const cookie = (value: string) => ({ cookie: value })

test.each<[string, Headers, string | null | undefined, unknown]>([
  ['from the body', {}, 'b', { token: 'b', transport: 'body' }],
  ['from the header', header('h'), undefined, { token: 'h', transport: 'header' }],
  [
    'from the cookie',
    cookie('a=1; refresh_token=c; z=2'),
    undefined,
    { token: 'c', transport: 'cookie' },
  ],
  [
    'from the body before the cookie',
    cookie('refresh_token=c'),
    'b',
    { token: 'b', transport: 'body' },
  ],
  [
    'from the header before the cookie',
    { ...header('h'), ...cookie('refresh_token=c') },
    undefined,
    { token: 'h', transport: 'header' },
  ],
  ['once when body and header are equal', header('t'), 't', { token: 't', transport: 'body' }],
  ['as ambiguous when body and header differ', header('h'), 'b', 400],
  ['as ambiguous when the header comes twice', header(['h', 'i']), undefined, 400],
  ['as ambiguous when the header comes twice, equal', header(['h', 'h']), undefined, 400],
  [
    'with the others when cookies differ',
    cookie('refresh_token=c; refresh_token=d'),
    undefined,
    { token: 'c', transport: 'cookie', others: ['d'] },
  ],
  [
    'from the __Host- cookie alone beside others',
    cookie('refresh_token=art_c; __Host-refresh_token=art_h; refresh_token=art_d'),
    undefined,
    { token: 'art_h', transport: 'cookie' },
  ],
  [
    'from the plain cookie beside an empty __Host- one',
    cookie('__Host-refresh_token=; refresh_token=c'),
    undefined,
    { token: 'c', transport: 'cookie' },
  ],
  [
    'without the cookie of another application',
    cookie('refresh_token=eyJhbGciOi; refresh_token=art_c; refresh_token=42'),
    undefined,
    { token: 'art_c', transport: 'cookie' },
  ],
  [
    'with the last 16 of a hundred cookies',
    cookie(Array.from({ length: 100 }, (_, n) => `refresh_token=art_${n}`).join('; ')),
    undefined,
    {
      token: 'art_84',
      transport: 'cookie',
      others: Array.from({ length: 15 }, (_, n) => `art_${n + 85}`),
    },
  ],
  [
    'once when two cookies are equal',
    cookie('refresh_token=c; refresh_token=c'),
    undefined,
    { token: 'c', transport: 'cookie' },
  ],
  [
    'from the header beside two different cookies',
    { ...header('h'), ...cookie('refresh_token=c; refresh_token=d') },
    undefined,
    { token: 'h', transport: 'header' },
  ],
  [
    'from the body beside two different cookies',
    cookie('refresh_token=c; refresh_token=d'),
    'b',
    { token: 'b', transport: 'body' },
  ],
  [
    'from the one cookie that holds a token',
    cookie('refresh_token=null; refresh_token=c'),
    undefined,
    { token: 'c', transport: 'cookie' },
  ],
  ['as missing without any', {}, undefined, 'none'],
  [
    'as missing from the words of string concatenation',
    { ...header('undefined'), ...cookie('refresh_token=') },
    null,
    'none',
  ],
  [
    'from the cookie when body and header hold null or undefined',
    { ...header('null'), ...cookie('refresh_token=c') },
    'undefined',
    { token: 'c', transport: 'cookie' },
  ],
  ['from the header when the body is empty', header('h'), '', { token: 'h', transport: 'header' }],
  [
    'not from a cookie of a similar name',
    cookie('xrefresh_token=c; refresh_token2=d'),
    undefined,
    'none',
  ],
  [
    'cut to the maximum length',
    header('h'.repeat(5000)),
    undefined,
    { token: 'h'.repeat(1024), transport: 'header' },
  ],
])('the refresh token is read %s', async (_, headers, body, expected) => {
  expect(await read(headers, body)).toEqual(expected)
})

test.each<[string, string | string[] | undefined, unknown]>([
  ['Bearer abc', 'Bearer abc', 'abc'],
  ['bearer in lower case', 'bearer abc', 'abc'],
  ['no header', undefined, 'none'],
  ['an empty header', '', 'none'],
  ['the scheme alone', 'Bearer', 'none'],
  ['Bearer null', 'Bearer null', 'none'],
  ['Bearer undefined', 'Bearer undefined', 'none'],
  ['another scheme', 'Basic YTpi', 'none'],
  ['a token with a blank in it', 'Bearer a b', 'a b'],
  ['two headers', ['Bearer abc', 'Bearer abc'], 400],
])('the access token of %s', async (_, authorization, expected) => {
  const app = Fastify()
  app.get('/', async (request) => ({ read: readBearerToken(request) ?? 'none' }))
  const headers = new Map(authorization === undefined ? [] : [['authorization', authorization]])
  const answer = await app.inject({ url: '/', headers: Object.fromEntries(headers) })
  expect(answer.statusCode === 200 ? answer.json().read : answer.statusCode).toEqual(expected)
})
