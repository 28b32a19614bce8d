import { Buffer } from 'node:buffer'

type Handler = (request: Request) => Response | Promise<Response>

/** A refresh token in the format of token-store, with an empty MAC. */
export function refreshTokenOf(session: number, generation: number): string {
  const bytes = Buffer.alloc(72)
  bytes.writeUInt8(1, 0)
  bytes.writeUInt8(1, 1)
  bytes.writeUInt32BE(session, 14)
  bytes.writeUIntBE(generation, 18, 6)
  return `art_${bytes.toString('base64url')}${String(generation).padStart(6, '0')}`
}

/**
 * The authentication API as a `fetch` function on the test's (fake) clock. It is strict: a
 * superseded refresh token with another Idempotency-Key than that of its rotation ends the session.
 * `next[path]` holds handlers that answer instead, one call each.
 */
export function fakeAuthServer({
  lifeSeconds = 1800,
  latencyMs = 10,
  cookies = false,
  sessionSeconds = 1e6,
  issuer = 'http://issuer.example',
  firstSession = 0,
} = {}) {
  const server = {
    baseURL: 'http://localhost:8000',
    lifeSeconds,
    latencyMs,
    session: firstSession,
    generation: 0,
    revoked: '',
    lastKey: '' as string | null,
    /** the calls in order of arrival */
    calls: [] as Array<{
      path: string
      method: string
      url: string
      headers: Headers
      body: string
    }>,
    next: {} as Record<string, Handler[]>,
    count: (path: string) => server.calls.filter((call) => call.path === path).length,
    refreshToken: () => refreshTokenOf(server.session, server.generation),
    accessToken: mintAccess,
    /** Rotates the token and loses the answer. */
    loseRefresh: async (request: Request): Promise<Response> => {
      await rotate(request)
      throw new TypeError('fetch failed')
    },
    fetch: serve,
  }
  let minted = 0
  const live = new Map<string, number>()
  const now = () => performance.now()

  function mintAccess(): string {
    const iat = Math.floor(now() / 1000)
    const payload = Buffer.from(
      JSON.stringify({
        iss: issuer,
        sid: `00000000-0000-0000-0000-${String(server.session).padStart(12, '0')}`,
        iat,
        exp: iat + server.lifeSeconds,
        session_exp: iat + sessionSeconds,
        jti: (minted += 1),
      }),
    ).toString('base64url')
    const token = `e30.${payload}.${`signature${minted}`.padStart(24, '-')}`
    live.set(token, now() + server.lifeSeconds * 1000)
    return token
  }
  const pair = (message: string) =>
    json(200, {
      status: 200,
      message,
      data: {
        access_token: mintAccess(),
        token_type: 'bearer',
        expires_in: server.lifeSeconds,
        ...(cookies ? {} : { refresh_token: server.refreshToken() }),
      },
    })

  async function rotate(request: Request): Promise<Response> {
    if (server.revoked !== '') return refusal(401, server.revoked)
    const key = request.headers.get('Idempotency-Key')
    const { refresh_token: token } = (await request.json()) as { refresh_token?: string }
    if (cookies || token === server.refreshToken()) {
      server.generation += 1
      server.lastKey = key
    } else if (
      token !== refreshTokenOf(server.session, server.generation - 1) ||
      key === null ||
      key !== server.lastKey
    ) {
      server.revoked = 'refresh_token_revoked'
      return refusal(401, 'refresh_token_reused')
    }
    return pair('Token refreshed successfully')
  }
  const handlers: Record<string, Handler> = {
    async token(request) {
      const { password } = (await request.json()) as { password: string }
      if (password !== 'password') return refusal(401, 'invalid_credentials')
      Object.assign(server, { session: server.session + 1, generation: 0, revoked: '' })
      return pair('Login Successfully')
    },
    refresh: rotate,
    logout() {
      server.revoked = 'refresh_token_revoked'
      return json(200, { status: 200, message: 'Logged out successfully', data: null })
    },
  }
  async function resource(request: Request): Promise<Response> {
    const token = request.headers.get('Authorization')?.replace('Bearer ', '') ?? ''
    if (!((live.get(token) ?? 0) > now())) return refusal(401, 'access_token_expired')
    return json(200, { token, body: await request.text() })
  }
  async function serve(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init)
    const path = request.url.replace(/^.*\/api\/v1\/auth\//, '').replace(/^.*\/(?=[a-z])/, '')
    server.calls.push({
      path,
      method: request.method,
      url: request.url,
      headers: request.headers,
      body: await request.clone().text(),
    })
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, server.latencyMs)
      request.signal.addEventListener(
        'abort',
        () => (clearTimeout(timer), reject(request.signal.reason as Error)),
      )
    })
    return (server.next[path]?.shift() ?? handlers[path] ?? resource)(request)
  }
  return server
}

export function json(status: number, body: object, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
  })
}

export function refusal(
  status: number,
  code: string,
  headers: Record<string, string> = {},
): Response {
  return json(
    status,
    {
      status,
      message: code,
      data: null,
      error: { code, retryable: status === 429 || status === 503, request_id: '1' },
    },
    headers,
  )
}
