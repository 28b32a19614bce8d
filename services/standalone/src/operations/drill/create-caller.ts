import { isIP } from 'node:net'
import { Client } from 'undici'

export type Answer = Readonly<{
  status: number
  code: string | undefined
  data: Readonly<Record<string, unknown>>
  headers: Readonly<Record<string, string | string[] | undefined>>
}>
export type Caller = ReturnType<typeof createCaller>

const API = '/api/v1/auth'
const TIMEOUT_MS = 10_000

/**
 * Creates a client of the API. `place` is the number of the network it calls from: an address in
 * 127.0.0.0/8 for a loopback URL, else one of the benchmarking networks (RFC 2544) in
 * X-Forwarded-For. 0 is the machine's own address.
 */
export function createCaller({
  url,
  agent,
  place = 0,
}: {
  url: string
  agent: string
  place?: number
}) {
  const { origin, hostname } = new URL(url)
  const isLoopback =
    hostname === 'localhost' || (isIP(hostname) === 4 && hostname.startsWith('127.'))
  const elsewhere = place > 0
  const localAddress =
    elsewhere && isLoopback && process.platform === 'linux'
      ? `127.${1 + (place >> 8)}.${place & 255}.1`
      : undefined
  // `localhost` may resolve to ::1, which has no second address.
  const client = new Client(
    localAddress === undefined ? origin : origin.replace('//localhost', '//127.0.0.1'),
    {
      ...(localAddress === undefined ? {} : { localAddress }),
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    },
  )
  const claimed =
    elsewhere && localAddress === undefined
      ? { 'x-forwarded-for': `198.${18 + ((place >> 8) & 1)}.${place & 255}.1` }
      : {}

  async function call(
    method: 'GET' | 'POST',
    path: string,
    { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const response = await client.request({
      method,
      path: API + path,
      headers: {
        'user-agent': agent,
        ...claimed,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.body.text()
    const parsed: { data?: Record<string, unknown> | null; error?: { code?: string } } =
      text.startsWith('{') ? JSON.parse(text) : {}
    return {
      status: response.statusCode,
      code: parsed.error?.code,
      data: parsed.data ?? {},
      headers: response.headers,
    }
  }

  return {
    signIn: (username: string, password: string) =>
      call('POST', '/token', { body: { username, password } }),
    refresh: (token: string) => call('POST', '/refresh', { body: { refresh_token: token } }),
    me: ({ access, refresh }: Pair) =>
      call('GET', '/me', {
        headers: { authorization: `Bearer ${access}`, 'x-refresh-token': refresh },
      }),
    signOut: (token: string) => call('POST', '/logout', { body: { refresh_token: token } }),
    close: () => client.close(),
  }
}

export type Pair = Readonly<{ access: string; refresh: string }>

/**
 * Returns the token pair of an answer. Throws its status and code if there is none; the error
 * contains no token.
 */
export function toPair({ status, code, data }: Answer): Pair {
  const { access_token: access, refresh_token: refresh } = data
  if (typeof access !== 'string' || typeof refresh !== 'string')
    throw new Error(`Unexpected answer: ${status} ${code ?? 'without tokens'}`)
  return { access, refresh }
}
